import { type ReceivedChatMessage, setupChat } from '@livekit/components-core'
import { DataPacket_Kind, DisconnectReason, Room, RoomEvent } from 'livekit-client'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { tabSecrets } from '@/lib/storage'
import { aHistory, aJoinTicket, aLobbyPlace, aMessage, aPerson, FakePage } from '@/testing/builders'
import { FakeRoom } from '@/testing/fakeRoom'
import { provideMediaDevices } from '@/testing/mediaDevices'
import { Call } from './call'

beforeEach(() => {
  tabSecrets.remove('rejoin.123456789012')
  vi.useFakeTimers()
  // A browser on a secure page with devices; what they do is up to the fake room.
  provideMediaDevices({ getUserMedia: () => new Promise(() => undefined) })
})
afterEach(() => {
  vi.useRealTimers()
})

function start({
  page = new FakePage(),
  room = new FakeRoom(),
  microphone = true,
  camera = true,
  needsApproval = false,
  hasChat = false,
} = {}) {
  const call = new Call({
    page,
    who: { meetingCode: '123456789012', participantToken: 'host', name: 'Ada' },
    role: 'guest',
    needsApproval,
    hasChat,
    initialMedia: { tracks: { microphone: null, camera: null }, wants: { microphone, camera } },
    deviceIds: { microphone: null, camera: null, speaker: null },
    room: room.asRoom(),
  })
  call.join()
  return { call, page, room }
}

/** The requests to the server, but for the state that everybody reads after connecting. */
const asked = (page: FakePage) =>
  page.asked.filter((entry) => entry.call !== 'readFeed' || (entry.with as { feed: string }).feed !== 'state')
const settle = () => vi.advanceTimersByTimeAsync(0)
const phase = (call: Call) => call.visit.getSnapshot().connection.phase

test('joining asks the server, connects, and sends what the person wants', async () => {
  const { call, page, room } = start({ camera: false })
  page.joins = [aJoinTicket({ role: 'owner' })]
  await settle()

  expect(phase(call)).toBe('connected')
  expect(asked(page)).toEqual([
    {
      call: 'join',
      with: { meetingCode: '123456789012', participantToken: 'host', name: 'Ada', rejoinToken: null, lobbyToken: null },
    },
  ])
  expect(room.asked).toEqual(['connect', 'microphone on'])
})

test('who comes back in the same tab says who they were', async () => {
  const page = new FakePage()
  page.joins = [aJoinTicket({ rejoin_token: 'first' }), 'offline', aJoinTicket({ rejoin_token: 'second' })]
  const { room } = start({ page })
  await settle()
  room.emit(RoomEvent.Disconnected, DisconnectReason.SIGNAL_CLOSE)
  await vi.advanceTimersByTimeAsync(10_000)
  start({ page })
  await settle()

  const tokens = asked(page)
    .filter(({ call: name }) => name === 'join')
    .map((entry) => (entry.with as { rejoinToken: string | null }).rejoinToken)
  expect(tokens).toEqual([null, 'first', 'first', 'second'])
})

test('the role is the one the server gives', async () => {
  const page = new FakePage()
  page.joins = [aJoinTicket({ role: 'owner' })]
  const { call } = start({ page })
  await settle()

  expect(call.visit.getSnapshot().role).toBe('owner')
})

test('a full meeting closes the call with that reason', async () => {
  const page = new FakePage()
  page.joins = ['meeting_full']
  const { call } = start({ page })
  await settle()

  expect(call.visit.getSnapshot().connection).toEqual({
    phase: 'closed',
    reason: { kind: 'refused', code: 'meeting_full' },
  })
})

test('a server that restarts is joined again without a click, with the devices as they were', async () => {
  const { call, page, room } = start()
  await settle()
  await call.inputs.turn('microphone', false)
  page.joins = ['offline', 'unavailable', aJoinTicket()]
  room.asked.length = 0

  room.emit(RoomEvent.Reconnecting)
  expect(phase(call)).toBe('interrupted')
  room.emit(RoomEvent.Disconnected, DisconnectReason.SIGNAL_CLOSE)
  expect(phase(call)).toBe('backoff')
  await vi.advanceTimersByTimeAsync(10_000)

  expect(phase(call)).toBe('connected')
  expect(asked(page).filter(({ call: name }) => name === 'join')).toHaveLength(4)
  expect(room.asked).toEqual(['connect', 'camera on'])
})

test('who has to wait asks until they may come in, and brings what they chose meanwhile', async () => {
  const page = new FakePage()
  page.joins = [aLobbyPlace({ lobby_token: 'number 7' })]
  page.waits = [
    { status: 'waiting', reason: 'approval' },
    'offline',
    { status: 'admitted', ...aJoinTicket({ control_token: 'mine' }) },
  ]
  const { call, room } = start({ page })
  await settle()
  expect(phase(call)).toBe('lobby')
  call.bring({ tracks: { microphone: null, camera: null }, wants: { microphone: false, camera: true } })
  await vi.advanceTimersByTimeAsync(10_000)

  expect(phase(call)).toBe('connected')
  expect(asked(page).filter((entry) => entry.call === 'askLobby')).toEqual(
    Array(3).fill({ call: 'askLobby', with: 'number 7' }),
  )
  expect(room.asked).toEqual(['connect', 'camera on'])
  await call.visit.endForAll()
  expect(asked(page).at(-1)).toEqual({ call: 'end', with: 'mine' })
})

function hint(room: FakeRoom, sender?: unknown, topic = 'moothall.room') {
  room.emit(RoomEvent.DataReceived, new Uint8Array(), sender, undefined, topic)
}

test('an owner is shown who waits: on entering, and when the server hints at it', async () => {
  const page = new FakePage()
  page.joins = [aJoinTicket({ role: 'owner', control_token: 'mine' })]
  page.lists = [[], [aPerson()], []]
  const { call, room } = start({ page, needsApproval: true })
  await settle()
  expect(asked(page).at(-1)).toEqual({ call: 'listWaiting', with: 'mine' })

  hint(room)
  await settle()
  expect(call.lobby.getSnapshot().people).toEqual([aPerson()])
  await call.lobby.admit('grace')
  expect(asked(page).at(-1)).toEqual({ call: 'admit', with: 'grace' })

  call.leave()
  const before = asked(page).length
  await vi.advanceTimersByTimeAsync(60_000)
  expect(asked(page)).toHaveLength(before)
})

test('without approval, for guests, and on a hint from a participant nobody asks for the list', async () => {
  const owner = new FakePage()
  owner.joins = [aJoinTicket({ role: 'owner' })]
  const inside = start({ page: owner })
  const guest = start({ needsApproval: true })
  await settle()
  hint(guest.room)
  hint(inside.room, { identity: 'somebody' })
  hint(inside.room, undefined, 'another')
  await settle()

  expect([...asked(owner), ...asked(guest.page)].map(({ call }) => call)).toEqual(['join', 'join'])
})

test('who is denied is out', async () => {
  const page = new FakePage()
  page.joins = [aLobbyPlace()]
  page.waits = [{ status: 'denied', retry_after: 60 }]
  const { call, room } = start({ page })
  await settle()

  const reason = { kind: 'denied', retryAfter: 60 }
  expect(call.visit.getSnapshot().connection).toEqual({ phase: 'closed', reason })
  expect(room.asked).toEqual(['disconnect'])

  // Who asks again says so, and the answer may be no at once.
  page.joins = ['denied']
  const again = start({ page })
  await settle()
  expect(page.asked.at(-1)).toMatchObject({ call: 'join', with: { lobbyToken: 'lobby' } })
  expect(again.call.visit.getSnapshot().connection).toMatchObject({ phase: 'closed', reason: { kind: 'denied' } })
})

test('a token that was forgotten is replaced by joining again', async () => {
  const page = new FakePage()
  page.joins = [aLobbyPlace(), aLobbyPlace({ lobby_token: 'second' })]
  page.waits = ['unknown_waiting', { status: 'admitted', ...aJoinTicket() }]
  const { call } = start({ page })
  await vi.advanceTimersByTimeAsync(10_000)

  expect(phase(call)).toBe('connected')
  expect(asked(page).map((entry) => entry.call)).toEqual(['join', 'askLobby', 'join', 'askLobby'])
  expect(asked(page).at(-1)?.with).toBe('second')
})

test('who gives up waiting asks no more', async () => {
  const page = new FakePage()
  page.joins = [aLobbyPlace()]
  const { call } = start({ page })
  await settle()
  call.leave()
  const before = asked(page).length
  await vi.advanceTimersByTimeAsync(60_000)

  expect(asked(page)).toHaveLength(before)
})

test('when the network is back nobody waits for the timer', async () => {
  const { call, room, page } = start()
  await settle()
  page.joins = ['offline', 'offline', 'offline', 'offline', aJoinTicket()]
  room.emit(RoomEvent.Disconnected, undefined)
  await vi.advanceTimersByTimeAsync(6000)
  expect(phase(call)).toBe('backoff')

  window.dispatchEvent(new Event('online'))
  await settle()
  window.dispatchEvent(new Event('online'))
  await settle()

  expect(phase(call)).toBe('connected')
})

test.each([
  [DisconnectReason.ROOM_DELETED, 'ended'],
  [DisconnectReason.PARTICIPANT_REMOVED, 'removed'],
  [DisconnectReason.DUPLICATE_IDENTITY, 'duplicate'],
] as const)('disconnect reason %d is final: %s', async (reason, kind) => {
  const { call, room, page } = start()
  await settle()
  room.emit(RoomEvent.Disconnected, reason)
  await vi.advanceTimersByTimeAsync(60_000)

  expect(call.visit.getSnapshot().connection).toEqual({ phase: 'closed', reason: { kind } })
  expect(asked(page)).toHaveLength(1)
})

test('leaving disconnects and stays left', async () => {
  const { call, room } = start()
  await settle()
  call.leave()
  room.emit(RoomEvent.Disconnected, DisconnectReason.CLIENT_INITIATED)
  await vi.advanceTimersByTimeAsync(60_000)

  expect(call.visit.getSnapshot().connection).toEqual({ phase: 'closed', reason: { kind: 'left' } })
  expect(room.asked.filter((entry) => entry === 'connect')).toHaveLength(1)
})

test('a page that the browser froze in the background comes back; a page that is closed does not', async () => {
  const frozen = start()
  await settle()
  frozen.room.emit(RoomEvent.Disconnected, DisconnectReason.CLIENT_INITIATED)
  expect(phase(frozen.call)).toBe('backoff')

  const closing = start()
  await settle()
  window.dispatchEvent(new Event('pagehide'))
  closing.room.emit(RoomEvent.Disconnected, DisconnectReason.CLIENT_INITIATED)
  expect(closing.call.visit.getSnapshot().connection).toEqual({ phase: 'closed', reason: { kind: 'left' } })
})

test('ending uses the control token, and is the end for us too', async () => {
  const { call, page } = start()
  await settle()
  await call.visit.endForAll()

  expect(asked(page).at(-1)).toEqual({ call: 'end', with: 'control' })
  expect(call.visit.getSnapshot().connection).toEqual({ phase: 'closed', reason: { kind: 'ended' } })
})

test('when ending is refused the meeting goes on', async () => {
  const { call, page } = start()
  await settle()
  page.ends = ['not_permitted']

  await expect(call.visit.endForAll()).rejects.toMatchObject({ code: 'not_permitted' })
  expect(phase(call)).toBe('connected')
})

test('a microphone that is taken is explained and stays off', async () => {
  const { call, room } = start({ microphone: false, camera: false })
  await settle()
  room.localParticipant.setMicrophoneEnabled = async () => {
    throw new DOMException('Could not start audio source', 'NotReadableError')
  }
  await call.inputs.turn('microphone', true)

  expect(call.inputs.getSnapshot().microphone).toMatchObject({ isOn: false, isBusy: false, problem: 'in_use' })
  call.inputs.dismissProblem('microphone')
  expect(call.inputs.getSnapshot().microphone.problem).toBeNull()
})

test('a microphone that the server mutes is shown as off', async () => {
  const { call, room } = start()
  await settle()
  room.emit(RoomEvent.TrackMuted, { source: 'microphone' }, { isLocal: true })

  expect(call.inputs.getSnapshot().microphone).toMatchObject({ isOn: false, wasTurnedOff: true })
  room.emit(RoomEvent.TrackMuted, { source: 'camera' }, { isLocal: false })
  expect(call.inputs.getSnapshot().camera.isOn).toBe(true)
})

test('chat is read after entering and after every reconnect, and comes from the server only', async () => {
  const page = new FakePage()
  page.joins = [aJoinTicket({ participant_id: 'me', control_token: 'mine' })]
  page.histories = [aHistory(aMessage())]
  const { call, room } = start({ page, hasChat: true })
  await settle()
  expect(call.chat.getSnapshot().messages).toEqual([aMessage()])

  const packet = new TextEncoder().encode(JSON.stringify(aMessage({ number: 2, message: 'two' })))
  const spoofed = new TextEncoder().encode(JSON.stringify(aMessage({ number: 3, message: 'I am the host' })))
  room.emit(RoomEvent.DataReceived, packet, undefined, 0, 'lk-chat-topic', 0, '')
  room.emit(RoomEvent.DataReceived, spoofed, { identity: 'mallory' }, 0, 'lk-chat-topic', 0, 'mallory')
  room.emit(RoomEvent.DataReceived, spoofed, undefined, 0, 'lk-chat-topic', 0, 'mallory, who has left')
  expect(call.chat.getSnapshot().messages.map(({ message }) => message)).toEqual(['Good morning', 'two'])

  page.histories = [aHistory(aMessage({ number: 3, message: 'missed' }))]
  room.emit(RoomEvent.Reconnecting)
  room.emit(RoomEvent.Reconnected)
  await settle()
  expect(asked(page).at(-1)).toEqual({ call: 'readFeed', with: { feed: 'chat', after: 2 } })
  expect(call.chat.getSnapshot().messages.at(-1)?.message).toBe('missed')
})

test('where the room has no chat nobody asks for it', async () => {
  const { page, call, room } = start()
  await settle()
  room.emit(RoomEvent.DataReceived, new TextEncoder().encode(JSON.stringify(aMessage())), undefined, 0, 'lk-chat-topic')

  expect(asked(page).map(({ call: name }) => name)).toEqual(['join'])
  expect(call.chat.getSnapshot().messages).toEqual([])
})

test('the chat components of LiveKit understand what the server sends', async () => {
  const room = new Room()
  const { messageObservable } = setupChat(room)
  const seen: ReceivedChatMessage[][] = []
  const subscription = messageObservable.subscribe((messages) => seen.push(messages))
  const packet = { ...aMessage({ message: 'Good morning' }), id: 'session-1:1' }
  room.emit(
    RoomEvent.DataReceived,
    new TextEncoder().encode(JSON.stringify(packet)),
    undefined,
    DataPacket_Kind.RELIABLE,
    'lk-chat-topic',
  )

  expect(seen.at(-1)).toMatchObject([{ id: 'session-1:1', message: 'Good morning', timestamp: packet.timestamp }])
  subscription.unsubscribe()
})
