import { act, render, screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { beforeEach, expect, test, vi } from 'vitest'
import type { CallOptions, CallState, Luggage } from '@/call/call'
import type { CloseReason, HoldReason } from '@/call/connection'
import { forgetHostToken } from '@/lib/hostLink'
import { createWords } from '@/lib/i18n'
import { rememberedChoices } from '@/lib/storage'
import { Cell } from '@/lib/store'
import { aLookup, aRoom, FakePage } from '@/testing/builders'
import { provideMediaDevices } from '@/testing/mediaDevices'
import { App } from './App'
import { adoptHostLink } from './hostLink'

/** A call that does what the test says; the real one is tested on its own. */
class FakeCall extends Cell<CallState> {
  static made: FakeCall[] = []
  readonly join = vi.fn()
  readonly leave = vi.fn()

  constructor(readonly options: CallOptions) {
    const input = { isOn: true, isBusy: false, problem: null }
    super({ connection: { phase: 'idle' }, role: options.role, microphone: input, camera: input })
    FakeCall.made.push(this)
  }

  readonly brought: Luggage[] = []
  readonly switched: string[] = []

  bring(luggage: Luggage): void {
    this.brought.push(luggage)
  }

  async switchDevice(kind: string, id: string): Promise<void> {
    this.switched.push(`${kind} ${id}`)
  }

  hold(reason: HoldReason): void {
    this.update({ connection: { phase: 'held', attempt: 0, wasInside: false, reason, askedAt: 0 } })
  }

  enter(): void {
    this.update({ connection: { phase: 'connected', attempt: 0, since: 0 } })
  }

  close(reason: CloseReason): void {
    this.update({ connection: { phase: 'closed', reason } })
  }
}

vi.mock('@/call/call', () => ({ Call: FakeCall }))
vi.mock('./InMeeting', () => ({ default: ({ roomName }: { roomName: string }) => <p>Inside {roomName}</p> }))

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
  call.update({ camera: { isOn: false, isBusy: false, problem: null } })
  act(() => call.close({ kind: 'left' }))
  await userEvent.click(await screen.findByRole('button', { name: 'Rejoin' }))
  await waitFor(() => expect(FakeCall.made).toHaveLength(2))

  expect(FakeCall.made[1]?.options.wants).toEqual({ microphone: true, camera: false })
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

  expect(await screen.findByRole('alert')).toHaveTextContent('could not be reached')
  expect(screen.getByLabelText('Your name')).toHaveValue('Ada')
  expect(screen.getByRole('button', { name: 'Join meeting' })).toBeEnabled()
})

test('before the door one sees the room, what one waits for, and oneself; then one is inside', async () => {
  open('/123456789012')
  const call = await joinAs('Ada')
  act(() => call.hold('owner_absent'))

  expect(await screen.findByRole('heading', { name: 'The meeting starts when the host joins' })).toHaveFocus()
  expect(screen.getByText('Weekly')).toBeVisible()
  expect(screen.getByRole('region', { name: 'Preview of your camera' })).toBeVisible()

  act(() => call.hold('approval'))
  expect(screen.getByRole('status')).toHaveTextContent('The host will let you in')
  act(() => call.update({ connection: { phase: 'connecting', attempt: 0, wasInside: false, lostAt: null } }))
  expect(screen.getByRole('status')).toHaveTextContent('Entering the meeting')
  act(() => call.enter())
  expect(await screen.findByText('Inside Weekly')).toBeVisible()
})

test('what is turned off before the door stays off inside', async () => {
  provideMediaDevices({ getUserMedia: () => new Promise(() => undefined), enumerateDevices: async () => [] })
  open('/123456789012')
  const call = await joinAs('Ada')
  act(() => call.hold('approval'))
  await userEvent.click(await screen.findByRole('button', { name: 'Turn off camera' }))

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
  act(() => call.close({ kind: 'denied' }))
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
  ['denied', 'The host did not let you in'],
] as const)('when the meeting is over for us (%s) the page says so', async (kind, title) => {
  open('/123456789012')
  const call = await joinAs('Ada')
  act(() => call.enter())
  act(() => call.close({ kind }))

  expect(await screen.findByRole('heading', { name: title })).toBeVisible()
})

test.each([
  ['on', 'false', 'Turn off microphone'],
  ['off', 'true', 'Turn on microphone'],
  ['default', 'false', 'Turn on microphone'],
  ['default', null, 'Turn off microphone'],
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
  }
  page.lookups = [aLookup({ room: aRoom({ theme }) })]
  open('/123456789012', page)

  expect(await screen.findByText('Aurora')).toBeVisible()
  expect(document.documentElement.style.getPropertyValue('--accent')).toBe('#7a1fa2')
  expect(document.title).toBe('Weekly · Aurora')
})
