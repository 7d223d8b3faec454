import { act, cleanup, render, screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import type { ReactNode } from 'react'
import { beforeEach, expect, test, vi } from 'vitest'
import type { CallOptions } from '@/call/call'
import type { CloseReason, WaitReason } from '@/call/connection'
import type { InitialMedia, InputsState } from '@/call/inputs'
import type { Preview } from '@/call/preview'
import type { VisitState } from '@/call/visit'
import { forgetHostToken } from '@/lib/hostLink'
import { createWords } from '@/lib/i18n'
import { rememberedChoices } from '@/lib/storage'
import { Cell } from '@/lib/store'
import { aLookup, aRoom, FakePage } from '@/testing/builders'
import { provideMediaDevices } from '@/testing/mediaDevices'
import { App } from './App'
import { adoptHostLink } from './hostLink'

/** A call that does what the test says; the real one is tested on its own. */
class FakeCall {
  static made: FakeCall[] = []
  readonly join = vi.fn()
  readonly leave = vi.fn()
  readonly visit: FakeVisit
  readonly inputs: FakeInputs
  readonly brought: InitialMedia[] = []

  constructor(readonly options: CallOptions) {
    this.visit = new FakeVisit({ connection: { phase: 'idle' }, role: options.role })
    this.inputs = new FakeInputs()
    FakeCall.made.push(this)
  }

  bring(media: InitialMedia): void {
    this.brought.push(media)
  }

  hold(reason: WaitReason): void {
    this.visit.update({ connection: { phase: 'lobby', attempt: 0, wasInside: false, reason, askedAt: 0 } })
  }

  enter(): void {
    this.visit.update({ connection: { phase: 'connected', attempt: 0, since: 0 } })
  }

  close(reason: CloseReason): void {
    this.visit.update({ connection: { phase: 'closed', reason } })
  }
}

class FakeVisit extends Cell<VisitState> {
  controlToken = () => 'control'
  mediaPorts = () => 'UDP 7882'
}

class FakeInputs extends Cell<InputsState> {
  readonly switched: string[] = []

  constructor() {
    const input = { isOn: true, isBusy: false, problem: null }
    super({ microphone: input, camera: input })
  }

  received: ReturnType<Preview['handOver']>[] = []

  receive(late: ReturnType<Preview['handOver']>): void {
    this.received.push(late)
  }

  async switchDevice(kind: string, id: string): Promise<void> {
    this.switched.push(`${kind} ${id}`)
  }
}

vi.mock('@/call/call', () => ({ Call: FakeCall }))
vi.mock('@/call/check/probe', () => ({
  probe: async () => ({
    path: { protocol: 'tcp', isRelayed: false },
    worksOverTcp: null,
    ports: null,
    sent: [],
    received: [],
  }),
}))
vi.mock('./InMeeting', () => ({
  default: ({ roomName, language }: { roomName: string; language: ReactNode }) => (
    <>
      <p>Inside {roomName}</p>
      {language}
    </>
  ),
}))

beforeEach(() => {
  FakeCall.made = []
  rememberedChoices.remove('microphoneOn')
  rememberedChoices.remove('name')
  forgetHostToken('123456789012')
})

function open(path: string, page = new FakePage()) {
  window.history.replaceState(null, '', path)
  adoptHostLink()
  render(<App page={page} words={createWords()} />)
  return page
}

async function joinAs(name: string): Promise<FakeCall> {
  await userEvent.type(await screen.findByLabelText('Your name'), name)
  await userEvent.click(screen.getByRole('button', { name: 'Join meeting' }))
  await waitFor(() => expect(FakeCall.made.at(-1)?.join).toHaveBeenCalled())
  return FakeCall.made.at(-1) as FakeCall // just waited for
}

test('from the link to the meeting and out again', async () => {
  open('/123456789012')
  const call = await joinAs('Ada')
  expect(call.options.who).toEqual({ meetingCode: '123456789012', participantToken: null, name: 'Ada' })

  act(() => call.enter())
  expect(await screen.findByText('Inside Weekly')).toBeVisible()
  expect(document.title).toBe('Weekly · Moothall')

  act(() => call.close({ kind: 'left' }))
  await userEvent.click(await screen.findByRole('button', { name: 'Rejoin' }))
  await waitFor(() => expect(FakeCall.made).toHaveLength(2))
  expect(FakeCall.made[1]?.options.who.name).toBe('Ada')
})

test('who left with the camera off comes back with the camera off', async () => {
  open('/123456789012')
  const call = await joinAs('Ada')
  act(() => call.enter())
  call.inputs.update({ camera: { isOn: false, isBusy: false, problem: null } })
  act(() => call.close({ kind: 'left' }))
  await userEvent.click(await screen.findByRole('button', { name: 'Rejoin' }))
  await waitFor(() => expect(FakeCall.made).toHaveLength(2))

  expect(FakeCall.made[1]?.options.initialMedia.wants).toEqual({ microphone: true, camera: false })
})

test('a host link loses its secrets at once, and the host stays host over a reload', async () => {
  const page = open('/?room_token=123456789012&participant_token=aaa.bbb.ccc')
  await screen.findByLabelText('Your name')

  expect(window.location.pathname + window.location.search).toBe('/123456789012')
  expect(page.asked[0]).toEqual({
    call: 'lookup',
    with: { meetingCode: '123456789012', participantToken: 'aaa.bbb.ccc' },
  })

  document.body.replaceChildren()
  const again = open('/123456789012')
  await waitFor(() => expect(again.asked[0]?.with).toMatchObject({ participantToken: 'aaa.bbb.ccc' }))
})

test('an unknown meeting leads back to the code', async () => {
  const page = new FakePage()
  page.lookups = ['unknown_meeting']
  open('/999999999999', page)
  await userEvent.click(await screen.findByRole('button', { name: 'Enter another code' }))

  expect(await screen.findByLabelText('Meeting code')).toBeVisible()
  expect(window.location.pathname).toBe('/')
})

test('a wrong host link can be used as guest', async () => {
  const page = new FakePage()
  page.lookups = ['host_link_invalid', aLookup()]
  open('/?room_token=123456789012&participant_token=wrong', page)
  await userEvent.click(await screen.findByRole('button', { name: 'Join as guest' }))

  await screen.findByLabelText('Your name')
  expect(page.asked.at(-1)?.with).toEqual({ meetingCode: '123456789012', participantToken: null })
})

test('an embedding page may lead straight into the meeting; a link turns nothing on', async () => {
  open('/123456789012?skip_prejoin=true&display_name=Grace')
  await waitFor(() => expect(FakeCall.made[0]?.join).toHaveBeenCalled())
  const [call] = FakeCall.made as [FakeCall]
  expect(call.options.who.name).toBe('Grace')
  expect(call.options.initialMedia.wants).toEqual({ microphone: false, camera: false })

  act(() => call.enter())
  expect(await screen.findByText('Inside Weekly')).toBeVisible()
  expect(call.inputs.received).toEqual([{ microphone: null, camera: null }])
  expect(FakeCall.made).toHaveLength(1)
})

test('a host link keeps the wish to skip, and nothing of the secret', async () => {
  open('/?room_token=123456789012&participant_token=secret&skip_prejoin=true&display_name=Grace')
  await waitFor(() => expect(FakeCall.made[0]?.join).toHaveBeenCalled())

  expect(FakeCall.made[0]?.options.who).toEqual({
    meetingCode: '123456789012',
    participantToken: 'secret',
    name: 'Grace',
  })
  expect(window.location.href).not.toContain('secret')
})

test('without a name the step before the meeting is shown', async () => {
  open('/123456789012?skip_prejoin=true')

  expect(await screen.findByLabelText('Your name')).toBeVisible()
})

test('a full meeting is told after joining was tried', async () => {
  open('/123456789012')
  const call = await joinAs('Ada')
  act(() => call.close({ kind: 'refused', code: 'meeting_full' }))

  expect(await screen.findByRole('heading', { name: 'The meeting is full' })).toBeVisible()
})

test('a server that is busy keeps the person at the door, with their name', async () => {
  open('/123456789012')
  const call = await joinAs('Ada')
  act(() => call.close({ kind: 'refused', code: 'unavailable' }))

  expect(await screen.findByText(/could not be reached/)).toBeVisible()
  expect(screen.getByLabelText('Your name')).toHaveValue('Ada')
  expect(screen.getByRole('button', { name: 'Join meeting' })).toBeEnabled()
})

test('in the waiting room one sees the room, what one waits for, and oneself; then one is inside', async () => {
  open('/123456789012')
  const call = await joinAs('Ada')
  act(() => call.hold('owner_absent'))

  expect(await screen.findByRole('heading', { name: 'The meeting starts when the host joins' })).toHaveFocus()
  expect(screen.getByText('Weekly')).toBeVisible()
  expect(screen.getByRole('region', { name: 'Preview of your camera' })).toBeVisible()

  act(() => call.hold('approval'))
  expect(screen.getByRole('status')).toHaveTextContent('The host will let you in')
  act(() => call.visit.update({ connection: { phase: 'connecting', attempt: 0, wasInside: false, lostAt: null } }))
  expect(screen.getByRole('status')).toHaveTextContent('Entering the meeting')
  act(() => call.enter())
  expect(await screen.findByText('Inside Weekly')).toBeVisible()
})

test('what is turned off in the waiting room stays off inside', async () => {
  provideMediaDevices({ getUserMedia: () => new Promise(() => undefined), enumerateDevices: async () => [] })
  open('/123456789012')
  const call = await joinAs('Ada')
  act(() => call.hold('approval'))
  await userEvent.click(await screen.findByRole('button', { name: 'Turn camera off' }))

  expect(call.brought.at(-1)?.wants.camera).toBe(false)
  const before = call.brought.length
  act(() => call.enter())
  await screen.findByText('Inside Weekly')
  expect(call.brought).toHaveLength(before)
})

test('who cancels is back where the name is, and the camera goes on', async () => {
  open('/123456789012')
  const call = await joinAs('Ada')
  act(() => call.hold('approval'))
  await userEvent.click(await screen.findByRole('button', { name: 'Cancel' }))
  expect(call.brought.at(-1)?.tracks).toEqual({ microphone: null, camera: null })
  expect(call.leave).toHaveBeenCalledOnce()
  act(() => call.close({ kind: 'left' }))

  expect(await screen.findByLabelText('Your name')).toHaveValue('Ada')
  expect(screen.getByRole('button', { name: 'Join meeting' })).toBeEnabled()
})

test('who was denied can ask again, and waits with a preview', async () => {
  open('/123456789012')
  const call = await joinAs('Ada')
  act(() => call.hold('approval'))
  act(() => call.close({ kind: 'denied', retryAfter: 0 }))
  await userEvent.click(await screen.findByRole('button', { name: 'Ask again' }))
  await waitFor(() => expect(FakeCall.made).toHaveLength(2))
  act(() => FakeCall.made[1]?.hold('approval'))

  expect(await screen.findByRole('region', { name: 'Preview of your camera' })).toBeVisible()
})

test('a meeting that ends while people wait says so', async () => {
  open('/123456789012')
  const call = await joinAs('Ada')
  act(() => call.hold('owner_absent'))
  act(() => call.close({ kind: 'refused', code: 'meeting_expired' }))

  expect(await screen.findByRole('heading', { name: 'This meeting is over' })).toBeVisible()
})

test.each([
  ['ended', 'The meeting has ended'],
  ['removed', 'You were removed from the meeting'],
  ['duplicate', 'You joined from somewhere else'],
] as const)('when the meeting is over for us (%s) the page says so', async (kind, title) => {
  open('/123456789012')
  const call = await joinAs('Ada')
  act(() => call.enter())
  act(() => call.close({ kind }))

  expect(await screen.findByRole('heading', { name: title })).toBeVisible()
})

test.each([
  ['on', 'false', 'Unmute microphone'],
  ['on', null, 'Mute microphone'],
  ['off', 'true', 'Unmute microphone'],
  ['default', 'false', 'Unmute microphone'],
  ['default', null, 'Mute microphone'],
] as const)('a room that says %s, with %s remembered, offers: %s', async (wish, remembered, label) => {
  // Devices that take for ever to open: what is wanted shows meanwhile.
  provideMediaDevices({ getUserMedia: () => new Promise(() => undefined), enumerateDevices: async () => [] })
  if (remembered !== null) {
    rememberedChoices.write('microphoneOn', remembered)
  }
  const page = new FakePage()
  page.lookups = [aLookup({ room: aRoom({ initial_join_options: { microphone_state: wish } }) })]
  open('/123456789012', page)

  expect(await screen.findByRole('button', { name: label })).toBeVisible()
})

test('the language of the room is spoken, and cannot be changed where the room says so', async () => {
  const page = new FakePage()
  const room = aRoom({ ui_settings: { language: 'de' } })
  room.available_features.is_locale_switcher_available = false
  page.lookups = [aLookup({ room })]
  open('/123456789012', page)

  expect(await screen.findByLabelText('Ihr Name')).toBeVisible()
  expect(document.documentElement.lang).toBe('de')
  expect(screen.queryByRole('button', { name: /Sprache/ })).toBeNull()
})

test('right to left where the language runs so', async () => {
  const page = new FakePage()
  page.lookups = [aLookup({ room: aRoom({ ui_settings: { language: 'ar' } }) })]
  open('/123456789012', page)

  await screen.findByLabelText('اسمك')
  expect(document.documentElement.dir).toBe('rtl')
})

test('a theme colours the page and names it', async () => {
  const page = new FakePage()
  const theme = {
    main_color: '#7a1fa2',
    brand_text: 'Aurora',
    brand_image_colored_url: null,
    brand_image_white_url: null,
    branded_favicon_url: null,
    short_company_url: null,
    background_urls: [],
  }
  page.lookups = [aLookup({ room: aRoom({ theme }) })]
  open('/123456789012', page)

  expect(await screen.findByText('Aurora')).toBeVisible()
  expect(document.documentElement.style.getPropertyValue('--accent')).toBe('#7a1fa2')
  expect(document.title).toBe('Weekly · Aurora')
})

test('a room that ends while somebody is about to join says so', async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true })
  const page = new FakePage()
  page.lookups = [aLookup(), 'meeting_expired']
  open('/123456789012', page)
  await screen.findByLabelText('Your name')
  await act(() => vi.advanceTimersByTimeAsync(21_000))
  vi.useRealTimers()

  expect(await screen.findByRole('heading', { name: 'This meeting is over' })).toBeVisible()
})

test.each([
  ['signalling_blocked', 'WebSocket'],
  ['media_blocked', 'UDP 7882'],
] as const)('a connection that cannot be made (%s) names what is blocked', async (code, words) => {
  open('/123456789012')
  const call = await joinAs('Ada')
  act(() => call.close({ kind: 'refused', code }))

  expect(await screen.findByText(new RegExp(words))).toBeVisible()
  expect(screen.getByRole('button', { name: 'Try again' })).toBeVisible()
})

test('the language can be chosen inside the meeting: words and direction follow at once and stay', async () => {
  const page = open('/123456789012')
  const call = await joinAs('Ada')
  act(() => call.enter())
  expect(await screen.findByText('Inside Weekly')).toBeVisible()
  await userEvent.selectOptions(screen.getByRole('combobox', { name: 'Language' }), 'עברית')

  await waitFor(() => expect(document.documentElement.dir).toBe('rtl'))
  expect(screen.getByText('Inside Weekly')).toBeVisible()
  expect(screen.getByRole('combobox', { name: 'שפה' })).toBeVisible()

  expect(page.asked.filter(({ call: name }) => name === 'lookup')).toHaveLength(1)
  expect(FakeCall.made).toHaveLength(1)

  cleanup()
  open('/123456789012')
  expect(await screen.findByLabelText('השם שלך')).toBeVisible()
})

test('the language of the room is no reason to look again', async () => {
  rememberedChoices.remove('language')
  const page = new FakePage()
  const room = aRoom()
  room.ui_settings.language = 'de'
  page.lookups = [aLookup({ room })]
  open('/123456789012', page)
  await screen.findByLabelText('Ihr Name')
  await new Promise((resolve) => setTimeout(resolve, 200))

  expect(page.asked).toHaveLength(1)
})

test('a room that fixes its language offers no choice inside the meeting', async () => {
  const page = new FakePage()
  const room = aRoom()
  room.available_features.is_locale_switcher_available = false
  page.lookups = [aLookup({ room })]
  open('/123456789012', page)
  const call = await joinAs('Ada')
  act(() => call.enter())

  await screen.findByText('Inside Weekly')
  expect(screen.queryByRole('combobox', { name: 'Language' })).toBeNull()
})

test('the server hears once inside what the check of the connection found', async () => {
  const page = open('/123456789012')
  await userEvent.click(await screen.findByRole('button', { name: 'Check connection' }))
  await screen.findByTestId('check-result')
  const call = await joinAs('Ada')
  const reports = () => page.asked.filter(({ call: name }) => name === 'command').map((asked) => asked.with)
  expect(reports()).toEqual([])

  act(() => call.enter())

  await waitFor(() => expect(reports()).toHaveLength(1))
  expect(reports()[0]).toMatchObject({
    command: 'reportCheck',
    body: { verdict: 'poor', udp: false, tcp: true, upload_kbps: null, age_s: expect.any(Number) },
  })
})

test('without a check the server hears of none', async () => {
  const page = open('/123456789012')
  const call = await joinAs('Ada')
  act(() => call.enter())

  expect(await screen.findByText('Inside Weekly')).toBeVisible()
  expect(page.asked.filter(({ call: name }) => name === 'command')).toEqual([])
})
