// The script of embedding pages, against a frame that the test plays.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { MoothallMeeting } from './index'
import type { Run } from './schema'

const ROOM = 'https://meet.example/123456789012'
const ORIGIN = 'https://meet.example'

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
  document.body.replaceChildren()
})

/** The page in a frame: says hello, takes the port, answers. */
class FramePage {
  readonly got: Run[] = []
  port: MessagePort | null = null
  readonly posted: unknown[][] = []

  constructor(readonly frame: HTMLIFrameElement) {
    const view = frame.contentWindow as Window
    view.postMessage = ((...given: unknown[]) => {
      this.posted.push(given)
      const ports = given[2] as MessagePort[] | undefined
      if (ports?.[0] !== undefined) {
        this.port = ports[0]
        this.port.onmessage = ({ data }) => this.got.push(data as Run)
      }
    }) as Window['postMessage']
  }

  hello(change: { origin?: string; source?: Window | null; versions?: unknown } = {}): void {
    const { origin = ORIGIN, source = this.frame.contentWindow, versions = [1] } = change
    const data = { type: 'moothall:hello', versions, missing: [] }
    window.dispatchEvent(new MessageEvent('message', { data, origin, source }))
  }

  answer(id: number, answer: object): void {
    this.port?.postMessage({ type: 'moothall:answer', id, ...answer })
  }
}

function place(): { meeting: MoothallMeeting; page: FramePage; errors: unknown[] } {
  const container = document.body.appendChild(document.createElement('div'))
  const meeting = new MoothallMeeting(container, { roomUrl: ROOM, displayName: 'Ada', skipPrejoin: true })
  const errors: unknown[] = []
  meeting.on('error', ({ code }) => errors.push(code))
  return { meeting, page: new FramePage(meeting.frame), errors }
}

/** Messages on ports arrive by themselves, without the fake clock. */
async function arrived(condition: () => boolean): Promise<void> {
  await vi.waitFor(() => expect(condition()).toBe(true), { timeout: 30_000 })
}

test('the frame is given what a meeting uses, and wishes travel in its address', () => {
  const { meeting } = place()
  const url = new URL(meeting.frame.src)

  expect(url.origin + url.pathname).toBe(ROOM)
  expect(Object.fromEntries(url.searchParams)).toEqual({ display_name: 'Ada', skip_prejoin: 'true' })
  expect(url.hash).toBe(`#embedder=${encodeURIComponent(location.origin)}`)
  for (const policy of ['camera', 'microphone', 'display-capture', 'autoplay', 'fullscreen']) {
    expect(meeting.frame.allow).toContain(policy)
  }
  expect(meeting.frame.title).not.toBe('')
})

test('commands wait for the page, and are answered', async () => {
  const { meeting, page } = place()
  const early = meeting.run('set_microphone', { on: false })

  page.hello()
  await arrived(() => page.got.length === 1)
  expect(page.posted[0]?.slice(0, 2)).toEqual([{ type: 'moothall:welcome', version: 1 }, ORIGIN])
  expect(page.got[0]).toMatchObject({ command: 'set_microphone', args: { on: false } })
  page.answer(page.got[0]?.id ?? 0, { ok: false, code: 'not_joined' })

  expect(await early).toEqual({ ok: false, code: 'not_joined' })
})

test('nobody else can pass for the page', async () => {
  const { meeting, page } = place()
  const other = document.body.appendChild(document.createElement('iframe'))

  page.hello({ origin: 'https://evil.example' })
  page.hello({ source: other.contentWindow })
  page.hello({ source: null })
  page.hello({ versions: 'all' })

  expect(page.posted).toEqual([])
  meeting.dispose()
})

test('a page of another version, and one that never speaks, are told of', async () => {
  const { page, errors } = place()
  page.hello({ versions: [2] })
  const silent = place()
  const waiting = silent.meeting.run('leave')
  vi.advanceTimersByTime(10_000)

  expect(errors).toEqual(['version'])
  expect(silent.errors).toEqual(['no_answer'])
  expect(await waiting).toEqual({ ok: false, code: 'no_answer' })
})

test('at most a hundred commands wait', async () => {
  const { meeting } = place()
  const answers = Array.from({ length: 101 }, () => meeting.run('leave'))

  expect(await answers[100]).toEqual({ ok: false, code: 'too_many' })
  meeting.dispose()
  expect(await answers[0]).toEqual({ ok: false, code: 'disposed' })
  expect(await meeting.run('leave')).toEqual({ ok: false, code: 'disposed' })
})

test('two meetings on one page hear each their own frame, and nothing after their end', async () => {
  const one = place()
  const two = place()
  const heard: string[] = []
  one.meeting.onEach((event) => heard.push(`one ${event}`))
  const stop = two.meeting.onEach((event) => heard.push(`two ${event}`))

  one.page.hello()
  two.page.hello()
  one.page.port?.postMessage({ type: 'moothall:event', event: 'ended', detail: {} })
  two.page.port?.postMessage({ type: 'moothall:event', event: 'prejoin_shown', detail: {} })
  await arrived(() => heard.length === 2)
  stop()
  one.meeting.dispose()
  one.page.hello()
  vi.advanceTimersByTime(20_000)

  expect(heard.sort()).toEqual(['one ended', 'two prejoin_shown'])
  expect(one.page.posted).toHaveLength(1)
  expect(one.meeting.frame.isConnected).toBe(false)
  expect(two.meeting.frame.isConnected).toBe(true)
})

test('a listener that fails keeps no other from hearing', async () => {
  const { meeting, page } = place()
  const reported: unknown[] = []
  vi.stubGlobal('reportError', (error: unknown) => reported.push(error))
  const heard: string[] = []
  meeting.on('ended', () => {
    throw new Error('of the embedding page')
  })
  meeting.on('ended', () => heard.push('ended'))

  page.hello()
  page.port?.postMessage({ type: 'moothall:event', event: 'ended', detail: {} })
  await arrived(() => heard.length === 1)

  expect(reported).toHaveLength(1)
})

test('an element that is moved keeps its meeting, and one that is gone for a second has none', async () => {
  const element = document.createElement('moothall-meeting')
  element.setAttribute('room-url', ROOM)
  const host = document.body.appendChild(document.createElement('section'))
  host.attachShadow({ mode: 'open' }).append(element)
  const frame = element.shadowRoot?.querySelector('iframe')

  element.remove()
  vi.advanceTimersByTime(900)
  document.body.append(element)
  vi.advanceTimersByTime(2_000)
  expect(element.shadowRoot?.querySelector('iframe')).toBe(frame)

  element.remove()
  vi.advanceTimersByTime(1_000)
  expect(element.shadowRoot?.querySelector('iframe')).toBeNull()
  expect(await element.run('leave')).toEqual({ ok: false, code: 'disposed' })

  document.body.append(element)
  expect(element.shadowRoot?.querySelectorAll('iframe')).toHaveLength(1)
})

test('attributes of an element that change become commands', async () => {
  const element = document.createElement('moothall-meeting')
  element.setAttribute('room-url', ROOM)
  element.setAttribute('layout', 'grid')
  document.body.append(element)
  const frame = element.shadowRoot?.querySelector('iframe') as HTMLIFrameElement
  // The DOM of the tests loads no frames of shadow trees.
  const view = Object.assign(new EventTarget(), { postMessage: () => undefined })
  Object.defineProperty(frame, 'contentWindow', { value: view })
  const page = new FramePage(frame)
  page.hello()

  element.setAttribute('language', 'de')
  element.setAttribute('theme', 'dark')
  element.setAttribute('layout', 'sidebar')
  element.removeAttribute('layout')
  await arrived(() => page.got.length === 4)

  expect(new URL(frame.src).searchParams.get('layout')).toBe('grid')
  expect(page.got.map(({ command, args }) => [command, args])).toEqual([
    ['set_language', { language: 'de' }],
    ['set_theme', { theme: 'dark' }],
    ['set_layout', { layout: 'sidebar' }],
    ['set_layout', { layout: 'auto' }],
  ])
})
