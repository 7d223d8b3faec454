import { act, screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { RemoteParticipant, RoomEvent } from 'livekit-client'
import { beforeEach, expect, test, vi } from 'vitest'
import { DeviceList } from '@/call/devices'
import { announcer } from '@/lib/announcer'
import { preferences } from '@/lib/preferences'
import { aHistory, aMessage, aPerson, aState, FakePage } from '@/testing/builders'
import { type InsideOptions, insideCall, OfflineRoom } from '@/testing/fakeCall'
import { provideMediaDevices } from '@/testing/mediaDevices'
import { accessibilityFaults, renderPage } from '@/testing/render'
import InMeeting from './InMeeting'

const LINK = 'https://meet.example/123456789012'

let width = 1248
beforeEach(() => {
  width = 1248
  vi.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockImplementation(() => width)
  vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(640)
})

async function show({ hasChat = true, ...options }: InsideOptions & { hasChat?: boolean } = {}) {
  const inside = await insideCall(options)
  const turned: string[] = []
  vi.spyOn(inside.call.inputs, 'turn').mockImplementation(async (kind, isOn) => {
    turned.push(`${kind} ${isOn ? 'on' : 'off'}`)
    inside.call.inputs.update({ [kind]: { isOn, isBusy: false, problem: null } })
  })
  const rendered = await renderPage(
    <InMeeting call={inside.call} devices={new DeviceList()} roomName="Weekly" guestLink={LINK} hasChat={hasChat} />,
  )
  return { ...inside, ...rendered, turned }
}

test('alone, one is told so and can copy the link', async () => {
  const user = userEvent.setup()
  await show()

  expect(screen.getAllByTestId('tile')).toHaveLength(1)
  expect(screen.getByRole('heading', { name: 'You are the only one here' })).toBeVisible()
  await user.click(screen.getAllByRole('button', { name: 'Copy guest link' })[0] as HTMLElement)
  await waitFor(async () => expect(await navigator.clipboard.readText()).toBe(LINK))
  expect(screen.getAllByText('Link copied')[0]).toBeVisible()
})

test('where copying is refused the link is shown', async () => {
  const user = userEvent.setup()
  await show()
  vi.spyOn(navigator.clipboard, 'writeText').mockRejectedValue(new DOMException('no', 'NotAllowedError'))
  await user.click(screen.getAllByRole('button', { name: 'Copy guest link' })[0] as HTMLElement)

  expect(await screen.findByText(LINK)).toBeVisible()
})

test('buttons and keys turn microphone and camera on and off', async () => {
  const { turned } = await show()
  await userEvent.click(screen.getByRole('button', { name: 'Unmute microphone' }))
  await userEvent.click(screen.getByRole('button', { name: 'Turn camera on' }))
  await userEvent.keyboard('mv{Control>}d{/Control}')

  expect(turned).toEqual(['microphone on', 'camera on', 'microphone off', 'camera off', 'microphone on'])
  expect(screen.getByRole('button', { name: 'Mute microphone' })).toHaveAttribute('aria-keyshortcuts', 'M Control+D')
})

test('leaving leaves', async () => {
  const { call } = await show()
  await userEvent.click(screen.getByRole('button', { name: 'Leave' }))

  expect(call.visit.getSnapshot().connection).toEqual({ phase: 'closed', reason: { kind: 'left' } })
})

test('a guest cannot end the meeting', async () => {
  await show({ role: 'guest' })

  expect(screen.queryByRole('button', { name: 'End for all' })).toBeNull()
})

test('the host ends the meeting after a question', async () => {
  const { page, call } = await show({ role: 'owner' })
  await userEvent.click(screen.getByRole('button', { name: 'End for all' }))
  const dialog = await screen.findByRole('alertdialog', { name: 'End the meeting for everyone?' })
  expect(page.asked.map(({ call: name }) => name)).not.toContain('end')

  await userEvent.click(within(dialog).getByRole('button', { name: 'End for all' }))
  expect(call.visit.getSnapshot().connection).toEqual({ phase: 'closed', reason: { kind: 'ended' } })
})

test('an ending that fails is told, and the meeting goes on', async () => {
  const { page } = await show({ role: 'owner' })
  page.ends = ['unavailable']
  await userEvent.click(screen.getByRole('button', { name: 'End for all' }))
  const dialog = await screen.findByRole('alertdialog')
  await userEvent.click(within(dialog).getByRole('button', { name: 'End for all' }))

  expect(await within(dialog).findByRole('alert')).toHaveTextContent('could not be ended')
  await userEvent.click(within(dialog).getByRole('button', { name: 'Cancel' }))
  await waitFor(() => expect(screen.queryByRole('alertdialog')).toBeNull())
})

test('a connection that is being restored is told', async () => {
  const room = new OfflineRoom()
  await show({ room })
  act(() => void room.emit(RoomEvent.Reconnecting))

  expect(screen.getByTestId('connection-banner')).toHaveTextContent('Reconnecting')
  expect(announcer.getSnapshot().assertive.text).toContain('Reconnecting')
})

test('a device problem is explained and can be put away', async () => {
  const { call } = await show()
  act(() => call.inputs.update({ camera: { isOn: false, isBusy: false, problem: 'in_use' } }))
  expect(screen.getByText('The camera cannot be started')).toBeVisible()

  await userEvent.click(screen.getByRole('button', { name: 'Dismiss' }))
  expect(screen.queryByText('The camera cannot be started')).toBeNull()
})

test('the list of people opens in a region of its own, and Escape closes it', async () => {
  await show()
  await userEvent.click(screen.getByRole('button', { name: 'People' }))
  expect(screen.getByRole('region', { name: 'People' })).toBeVisible()
  expect(screen.getByRole('button', { name: 'People' })).toHaveAttribute('aria-pressed', 'true')

  await userEvent.keyboard('{Escape}')
  expect(screen.queryByRole('region', { name: 'People' })).toBeNull()
})

test('the number of those who wait is on the button of the people, and the bar leads to the list', async () => {
  const { call } = await show({ role: 'owner', waiting: [aPerson(), aPerson({ participant_id: 'bob' })] })
  const button = await screen.findByRole('button', { name: 'People', description: '2 people are waiting' })
  expect(button.dataset.badge).toBe('2')

  await userEvent.click(screen.getByRole('button', { name: 'Show' }))
  expect(screen.getByRole('region', { name: 'People' })).toBeVisible()
  expect(screen.queryByRole('button', { name: 'Show' })).toBeNull()
  call.leave()
})

test('chat opens in place of the list of people, and Escape closes it', async () => {
  await show()
  await userEvent.click(screen.getByRole('button', { name: 'People' }))
  await userEvent.click(screen.getByRole('button', { name: 'Chat' }))
  expect(screen.getByRole('region', { name: 'Chat' })).toBeVisible()
  expect(screen.queryByRole('region', { name: 'People' })).toBeNull()

  await userEvent.keyboard('{Escape}')
  expect(screen.queryByRole('region', { name: 'Chat' })).toBeNull()
})

test('the number of unread messages is on the button, and its meaning is the description', async () => {
  const page = new FakePage()
  page.histories = [aHistory(), aHistory(aMessage(), aMessage({ number: 2 }))]
  const { call } = await show({ page })
  await act(() => call.chat.refresh())

  const button = await screen.findByRole('button', { name: 'Chat', description: '2 unread messages' })
  expect(button.dataset.badge).toBe('2')
})

test('somebody muted by another is told at once, and can speak again', async () => {
  const { call, turned } = await show()
  act(() => call.inputs.update({ microphone: { isOn: false, isBusy: false, problem: null, wasTurnedOff: true } }))
  expect(screen.getByTestId('toast')).toHaveTextContent('The host muted you')
  expect(announcer.getSnapshot().assertive.text).toContain('The host muted you')

  await userEvent.click(within(screen.getByTestId('toast')).getByRole('button', { name: 'Unmute microphone' }))
  expect(turned).toEqual(['microphone on'])
  expect(screen.queryByTestId('toast')).toBeNull()
})

test('a silent connection is told, and the pictures are dimmed', async () => {
  const { call, container } = await show()
  act(() => call.liveness.update({ isSilent: true }))
  expect(screen.getByTestId('connection-banner')).toHaveTextContent('Reconnecting')
  expect(container.querySelector('[data-interrupted]')).not.toBeNull()

  act(() => call.liveness.update({ isSilent: false }))
  expect(screen.queryByTestId('connection-banner')).toBeNull()
})

test('letters can be switched off, the second forms stay, and the list of keys opens with ?', async () => {
  const { turned } = await show()
  await userEvent.keyboard('?')
  const dialog = await screen.findByRole('dialog', { name: 'Settings' })
  expect(within(dialog).getByRole('rowheader', { name: 'Mute or unmute the microphone' })).toBeVisible()
  await userEvent.keyboard('m')
  await userEvent.click(within(dialog).getByRole('switch', { name: 'Single-letter shortcuts' }))
  await userEvent.keyboard('{Escape}')
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull())
  await userEvent.keyboard('m{Control>}d{/Control}')
  expect(turned).toEqual(['microphone on'])
  act(() => preferences.setLetterKeys(true))
})

test('a host who is alone reads that people wait, and the title of the tab counts them', async () => {
  document.title = 'Weekly · Moothall'
  const { call } = await show({ role: 'owner', waiting: [aPerson(), aPerson({ participant_id: 'bob' })] })
  expect(await screen.findAllByText('2 people are waiting')).not.toHaveLength(0)
  expect(document.title).toBe('(2) Weekly · Moothall')

  await userEvent.click(screen.getByRole('button', { name: 'Admit all' }))
  await waitFor(() => expect(document.title).toBe('Weekly · Moothall'))
  call.leave()
})

test('the controls are one stop of the Tab key, with arrow keys inside', async () => {
  await show()
  screen.getByRole('button', { name: 'Unmute microphone' }).focus()
  await userEvent.keyboard('{ArrowRight}')
  expect(document.activeElement).toHaveAccessibleName('Microphone and speaker options')
  await userEvent.keyboard('{End}')
  expect(document.activeElement).toHaveAccessibleName('Settings')
  expect(screen.getByRole('toolbar').querySelectorAll('button[tabindex="0"]')).toHaveLength(1)
})

const SHARE = { name: /^(Share screen|Stop sharing)$/ }

test('the screen can be shared from a button and with S, and stopped beside the button that leaves', async () => {
  provideMediaDevices({ getDisplayMedia: () => new Promise(() => undefined) })
  const { call } = await show()
  const button = screen.getByRole('button', { name: 'Share screen' })
  expect(button).toHaveAttribute('aria-keyshortcuts', 'S Control+Alt+S')
  const start = vi.spyOn(call.share, 'start').mockImplementation(async () => call.share.update({ phase: 'on' }))
  await userEvent.keyboard('s')
  expect(start).toHaveBeenCalledOnce()

  const names = within(screen.getByRole('toolbar'))
    .getAllByRole('button')
    .map((one) => one.getAttribute('aria-label') ?? one.textContent)
  expect(names.slice(names.indexOf('Leave') - 1, names.indexOf('Leave') + 1)).toEqual(['Stop sharing', 'Leave'])
  await userEvent.keyboard('s')
  expect(screen.getByRole('button', { name: 'Share screen' })).toBeVisible()
})

test('below 500 px and where the browser cannot, no screen can be shared; a share begun before goes on', async () => {
  const { call, unmount } = await show()
  expect(screen.queryByRole('button', SHARE)).toBeNull()
  unmount()
  provideMediaDevices({ getDisplayMedia: () => new Promise(() => undefined) })
  width = 400
  const { call: narrow } = await show()
  expect(screen.queryByRole('button', SHARE)).toBeNull()
  await userEvent.click(screen.getByRole('button', { name: 'More' }))
  expect(screen.queryByRole('menuitem', SHARE)).toBeNull()
  await userEvent.keyboard('{Escape}')
  act(() => narrow.share.update({ phase: 'on' }))
  expect(screen.getByRole('button', { name: 'Stop sharing' })).toBeVisible()
  call.leave()
})

test('without the right to share there is no button', async () => {
  provideMediaDevices({ getDisplayMedia: () => new Promise(() => undefined) })
  const { call } = await show()
  act(() => call.share.update({ isAllowed: false }))
  expect(screen.queryByRole('button', SHARE)).toBeNull()
})

test('sound that was left out, and a share that was stopped, are told', async () => {
  const { call } = await show()
  act(() => call.share.update({ phase: 'on', isSoundLeftOut: true }))
  expect(screen.getByText(/Share a tab to share its sound/)).toBeVisible()
  act(() => call.share.update({ phase: 'off', isSoundLeftOut: false, problem: 'stopped' }))
  expect(screen.getByRole('note')).toHaveTextContent('Your screen is no longer shared')
  await userEvent.click(screen.getByRole('button', { name: 'Dismiss' }))
  expect(screen.queryByRole('note')).toBeNull()
})

test('the layout is chosen from a menu, and L takes the next one', async () => {
  await show()
  const button = screen.getByRole('button', { name: 'Layout' })
  expect(button).toHaveAttribute('aria-keyshortcuts', 'L Control+Alt+L')
  await userEvent.keyboard('l')
  await userEvent.click(button)
  expect(await screen.findByRole('menuitemradio', { name: 'Grid' })).toHaveAttribute('aria-checked', 'true')
  await userEvent.click(screen.getByRole('menuitemradio', { name: 'Speaker' }))
  expect(screen.getByRole('menuitemradio', { name: 'Speaker' })).toHaveAttribute('aria-checked', 'true')
})

test('who hides their own picture is reminded at the camera’s button while it is on', async () => {
  await show()
  await userEvent.click(screen.getByRole('button', { name: 'Turn camera on' }))
  await userEvent.click(screen.getByRole('button', { name: 'Layout' }))
  await userEvent.click(await screen.findByRole('menuitemradio', { name: 'Hidden' }))
  const name = { name: 'Turn camera off', hidden: true }
  expect(screen.getByRole('button', name)).toHaveAccessibleDescription('Your camera is on')
})

test('a room without chat has no button for it', async () => {
  await show({ hasChat: false })

  expect(screen.queryByRole('button', { name: 'Chat' })).toBeNull()
})

test('a part that breaks says so, can be drawn anew, and the meeting goes on', async () => {
  vi.spyOn(console, 'error').mockImplementation(() => undefined)
  const { call } = await show()
  const read = vi.spyOn(call.chat, 'getSnapshot')
  await userEvent.click(screen.getByRole('button', { name: 'Chat' }))
  act(() => {
    // A defect of the panel: a message that is none.
    call.chat.update({ messages: [null as never] })
  })
  expect(screen.getByRole('alert')).toHaveTextContent('This part of the page has stopped working')
  expect(screen.getByRole('button', { name: 'Leave' })).toBeVisible()
  expect(read).toHaveBeenCalled()

  act(() => call.chat.update({ messages: [] }))
  await userEvent.click(screen.getByRole('button', { name: 'Try again' }))
  expect(screen.getByText('No messages yet')).toBeVisible()
})

test('on a narrow screen what has no room is in the menu', async () => {
  width = 320
  await show({ role: 'owner' })
  expect(screen.getByRole('button', { name: 'Unmute microphone' })).toBeVisible()
  expect(screen.queryByRole('button', { name: 'Chat' })).toBeNull()

  await userEvent.click(screen.getByRole('button', { name: 'More' }))
  const items = (await screen.findAllByRole('menuitem')).map(({ textContent }) => textContent)
  expect(items).toEqual([
    'Raise hand',
    'Chat',
    'People1 person',
    'Copy guest link',
    'Lock meeting',
    'Settings',
    'Hide the strip of people',
    'End for all',
  ])
})

test('axe finds nothing wrong', async () => {
  const { container } = await show({ role: 'owner' })

  expect(await accessibilityFaults(container)).toEqual([])
})

const packet = (topic: string, said: object) =>
  [new TextEncoder().encode(JSON.stringify(said)), undefined, undefined, topic] as const

test('the key H asks for the hand, and the button shows what the server says', async () => {
  const room = new OfflineRoom()
  const { page, call } = await show({ room })
  await userEvent.keyboard('h')
  expect(page.asked.at(-1)).toEqual({ call: 'command', with: { command: 'raiseHand', body: { raised: true } } })
  expect(screen.getByRole('button', { name: 'Raise hand' })).toHaveAttribute('aria-pressed', 'false')

  const mine = { number: 1, key: `hand:${call.visit.participantId()}`, value: { order: 1 } }
  const news = { feed: 'state', session_id: 'session-1', generation: 0, number: 1, entries: [mine] }
  act(() => void room.emit(RoomEvent.DataReceived, ...packet('moothall.feed', news)))
  expect(await screen.findByRole('button', { name: 'Lower hand' })).toHaveAttribute('aria-pressed', 'true')
})

test('a host who asks to unmute is named, and nothing opens by itself', async () => {
  const room = new OfflineRoom()
  const { turned } = await show({ room })
  const asked = { type: 'unmute_asked', source: 'microphone', by: { participant_id: 'grace', name: 'Grace' } }
  act(() => void room.emit(RoomEvent.DataReceived, ...packet('moothall.room', asked)))
  expect(screen.getByText('Grace asks you to unmute')).toBeVisible()
  expect(turned).toEqual([])

  await userEvent.click(screen.getByRole('button', { name: 'Unmute' }))
  expect(turned).toEqual(['microphone on'])
  expect(screen.queryByText('Grace asks you to unmute')).toBeNull()
})

test('where hosts have turned microphones off, the button cannot be pressed and says what to do', async () => {
  const { call, page } = await show({
    initialMedia: { tracks: { microphone: null, camera: null }, wants: { microphone: true, camera: false } },
    page: Object.assign(new FakePage(), { states: [aState({ permissions: { microphone: false, chat: false } })] }),
  })
  await waitFor(() => expect(screen.getByRole('button', { name: 'Unmute microphone' })).toBeDisabled())
  expect(screen.getByText('The host turned off microphones')).toBeVisible()
  expect(screen.getByText('Raise your hand to speak.')).toBeVisible()
  expect(call.inputs.getSnapshot().microphone.isOn).toBe(false)

  await userEvent.click(screen.getByRole('button', { name: 'Chat' }))
  expect(screen.getByText('Only hosts can write.')).toBeVisible()
  expect(page.asked.map(({ call: name }) => name)).not.toContain('command')
})

test('a host mutes everyone, with or without letting people unmute themselves', async () => {
  const room = new OfflineRoom()
  const { page } = await show({ role: 'owner', room })
  act(() => void room.remoteParticipants.set('grace', new RemoteParticipant(null as never, 'PA_1', 'grace', 'Grace')))
  act(() => void room.emit(RoomEvent.ParticipantConnected, room.remoteParticipants.get('grace') as RemoteParticipant))
  await userEvent.click(screen.getByRole('button', { name: 'People' }))
  await userEvent.click(screen.getByRole('button', { name: 'Mute everyone' }))
  const dialog = await screen.findByRole('dialog', { name: 'Mute everyone else?' })
  await userEvent.click(within(dialog).getByRole('switch', { name: 'People can unmute themselves' }))
  await userEvent.click(within(dialog).getByRole('button', { name: 'Mute everyone' }))

  expect(page.asked.at(-1)).toEqual({
    call: 'command',
    with: { command: 'muteAll', body: { source: 'microphone', lock: true } },
  })
})

test('a command that the server refuses is told', async () => {
  const { page } = await show()
  page.commands = ['not_permitted']
  await userEvent.click(screen.getByRole('button', { name: 'Raise hand' }))

  expect(await screen.findByText('That did not work. Please try again.')).toBeVisible()
})

test('reactions are sent from a row above the controls, by mouse and by number', async () => {
  const room = new OfflineRoom()
  const { page } = await show({ room })
  await userEvent.click(screen.getByRole('button', { name: 'Reactions' }))
  await userEvent.click(screen.getByRole('button', { name: 'Applause' }))
  await userEvent.keyboard('3')
  const sent = page.asked.filter(({ call }) => call === 'command').map(({ with: what }) => what)
  expect(sent).toEqual([
    { command: 'react', body: { reaction: 'clap' } },
    { command: 'react', body: { reaction: 'heart' } },
  ])

  const said = { reaction: 'clap', by: { participant_id: 'grace', name: 'Grace' } }
  act(() => void room.emit(RoomEvent.DataReceived, ...packet('moothall.reaction', said)))
  expect(within(screen.getByTestId('reactions')).getByText('Grace')).toBeInTheDocument()
})

test('a guest who is made a host has what hosts have', async () => {
  const room = new OfflineRoom()
  const { call } = await show({ room })
  expect(screen.queryByRole('button', { name: 'Lock meeting' })).toBeNull()
  const promoted = { number: 1, key: `host:${call.visit.participantId()}`, value: { by: null } }
  const news = { feed: 'state', session_id: 'session-1', generation: 0, number: 1, entries: [promoted] }
  act(() => void room.emit(RoomEvent.DataReceived, ...packet('moothall.feed', news)))

  expect(await screen.findByRole('button', { name: 'End for all' })).toBeVisible()
  await userEvent.click(screen.getByRole('button', { name: 'More' }))
  expect(await screen.findByRole('menuitem', { name: 'Lock meeting' })).toBeVisible()
})
