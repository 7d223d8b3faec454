import { type ReceivedChatMessage, setupChat } from '@livekit/components-core'
import { DataPacket_Kind, DisconnectReason, Room, RoomEvent } from 'livekit-client'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { tabSecrets } from '@/lib/storage'
import { aHistory, aMessage, anAdmission, aPerson, aTicket, FakePage } from '@/testing/builders'
import { FakeRoom } from '@/testing/fakeRoom'
import { provideMediaDevices } from '@/testing/mediaDevices'
import { Call } from './call'

beforeEach(() => {
  tabSecrets.remove('seat.123456789012')
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
    tracks: { microphone: null, camera: null },
    wants: { microphone, camera },
    deviceIds: { microphone: null, camera: null, speaker: null },
    room: room.asRoom(),
  })
  call.join()
  return { call, page, room }
}

const settle = () => vi.advanceTimersByTimeAsync(0)
const phase = (call: Call) => call.getSnapshot().connection.phase

test('joining asks the server, connects, and sends what the person wants', async () => {
  const { call, page, room } = start({ camera: false })
  page.joins = [anAdmission({ role: 'owner' })]
  await settle()

  expect(phase(call)).toBe('connected')
  expect(page.asked).toEqual([
    { call: 'join', with: { meetingCode: '123456789012', participantToken: 'host', name: 'Ada', controlToken: null } },
  ])
  expect(room.asked).toEqual(['connect', 'microphone on'])
})

test('who comes back in the same tab says who they were', async () => {
  const page = new FakePage()
  page.joins = [anAdmission({ control_token: 'first' }), 'offline', anAdmission({ control_token: 'second' })]
  const { room } = start({ page })
  await settle()
  room.emit(RoomEvent.Disconnected, DisconnectReason.SIGNAL_CLOSE)
  await vi.advanceTimersByTimeAsync(10_000)
  start({ page })
  await settle()

  const tokens = page.asked
    .filter(({ call: name }) => name === 'join')
    .map((entry) => (entry.with as { controlToken: string | null }).controlToken)
  expect(tokens).toEqual([null, 'first', 'first', 'second'])
})

test('the role is the one the server gives', async () => {
  const page = new FakePage()
  page.joins = [anAdmission({ role: 'owner' })]
  const { call } = start({ page })
  await settle()

  expect(call.getSnapshot().role).toBe('owner')
})

test('a full meeting closes the call with that reason', async () => {
  const page = new FakePage()
  page.joins = ['meeting_full']
  const { call } = start({ page })
  await settle()

  expect(call.getSnapshot().connection).toEqual({ phase: 'closed', reason: { kind: 'refused', code: 'meeting_full' } })
})

test('a server that restarts is joined again without a click, with the devices as they were', async () => {
  const { call, page, room } = start()
  await settle()
  await call.turn('microphone', false)
  page.joins = ['offline', 'unavailable', anAdmission()]
  room.asked.length = 0

  room.emit(RoomEvent.Reconnecting)
  expect(phase(call)).toBe('interrupted')
  room.emit(RoomEvent.Disconnected, DisconnectReason.SIGNAL_CLOSE)
  expect(phase(call)).toBe('waiting')
  await vi.advanceTimersByTimeAsync(10_000)

  expect(phase(call)).toBe('connected')
  expect(page.asked.filter(({ call: name }) => name === 'join')).toHaveLength(4)
  expect(room.asked).toEqual(['connect', 'camera on'])
})

test('who has to wait asks until they may come in, and brings what they chose meanwhile', async () => {
  const page = new FakePage()
  page.joins = [aTicket({ waiting_token: 'number 7' })]
  page.waits = [
    { status: 'waiting', reason: 'approval' },
    'offline',
    { status: 'admitted', ...anAdmission({ control_token: 'mine' }) },
  ]
  const { call, room } = start({ page })
  await settle()
  expect(phase(call)).toBe('held')
  call.bring({ tracks: { microphone: null, camera: null }, wants: { microphone: false, camera: true } })
  await vi.advanceTimersByTimeAsync(10_000)

  expect(phase(call)).toBe('connected')
  expect(page.asked.filter((entry) => entry.call === 'askWaiting')).toEqual(
    Array(3).fill({ call: 'askWaiting', with: 'number 7' }),
  )
  expect(room.asked).toEqual(['connect', 'camera on'])
  await call.endForAll()
  expect(page.asked.at(-1)).toEqual({ call: 'end', with: 'mine' })
})

function hint(room: FakeRoom, sender?: unknown, topic = 'moothall.room') {
  room.emit(RoomEvent.DataReceived, new Uint8Array(), sender, undefined, topic)
}

test('an owner is shown who waits: on entering, and when the server hints at it', async () => {
  const page = new FakePage()
  page.joins = [anAdmission({ role: 'owner', control_token: 'mine' })]
  page.lists = [[], [aPerson()], []]
  const { call, room } = start({ page, needsApproval: true })
  await settle()
  expect(page.asked.at(-1)).toEqual({ call: 'listWaiting', with: 'mine' })

  hint(room)
  await settle()
  expect(call.waitingList.getSnapshot().people).toEqual([aPerson()])
  await call.waitingList.admit('grace')
  expect(page.asked.at(-1)).toEqual({ call: 'admit', with: 'grace' })

  call.leave()
  const asked = page.asked.length
  await vi.advanceTimersByTimeAsync(60_000)
  expect(page.asked).toHaveLength(asked)
})

test('without approval, for guests, and on a hint from a participant nobody asks for the list', async () => {
  const owner = new FakePage()
  owner.joins = [anAdmission({ role: 'owner' })]
  const inside = start({ page: owner })
  const guest = start({ needsApproval: true })
  await settle()
  hint(guest.room)
  hint(inside.room, { identity: 'somebody' })
  hint(inside.room, undefined, 'another')
  await settle()

  expect([...owner.asked, ...guest.page.asked].map(({ call }) => call)).toEqual(['join', 'join'])
})

test('who is denied is out', async () => {
  const page = new FakePage()
  page.joins = [aTicket()]
  page.waits = [{ status: 'denied' }]
  const { call, room } = start({ page })
  await settle()

  expect(call.getSnapshot().connection).toEqual({ phase: 'closed', reason: { kind: 'denied' } })
  expect(room.asked).toEqual(['disconnect'])
})

test('a token that was forgotten is replaced by joining again', async () => {
  const page = new FakePage()
  page.joins = [aTicket(), aTicket({ waiting_token: 'second' })]
  page.waits = ['unknown_waiting', { status: 'admitted', ...anAdmission() }]
  const { call } = start({ page })
  await vi.advanceTimersByTimeAsync(10_000)

  expect(phase(call)).toBe('connected')
  expect(page.asked.map((entry) => entry.call)).toEqual(['join', 'askWaiting', 'join', 'askWaiting'])
  expect(page.asked.at(-1)?.with).toBe('second')
})

test('who gives up waiting asks no more', async () => {
  const page = new FakePage()
  page.joins = [aTicket()]
  const { call } = start({ page })
  await settle()
  call.leave()
  const asked = page.asked.length
  await vi.advanceTimersByTimeAsync(60_000)

  expect(page.asked).toHaveLength(asked)
})

test('when the network is back nobody waits for the timer', async () => {
  const { call, room, page } = start()
  await settle()
  page.joins = ['offline', 'offline', 'offline', 'offline', anAdmission()]
  room.emit(RoomEvent.Disconnected, undefined)
  await vi.advanceTimersByTimeAsync(6000)
  expect(phase(call)).toBe('waiting')

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

  expect(call.getSnapshot().connection).toEqual({ phase: 'closed', reason: { kind } })
  expect(page.asked).toHaveLength(1)
})

test('leaving disconnects and stays left', async () => {
  const { call, room } = start()
  await settle()
  call.leave()
  room.emit(RoomEvent.Disconnected, DisconnectReason.CLIENT_INITIATED)
  await vi.advanceTimersByTimeAsync(60_000)

  expect(call.getSnapshot().connection).toEqual({ phase: 'closed', reason: { kind: 'left' } })
  expect(room.asked.filter((entry) => entry === 'connect')).toHaveLength(1)
})

test('a page that the browser froze in the background comes back; a page that is closed does not', async () => {
  const frozen = start()
  await settle()
  frozen.room.emit(RoomEvent.Disconnected, DisconnectReason.CLIENT_INITIATED)
  expect(phase(frozen.call)).toBe('waiting')

  const closing = start()
  await settle()
  window.dispatchEvent(new Event('pagehide'))
  closing.room.emit(RoomEvent.Disconnected, DisconnectReason.CLIENT_INITIATED)
  expect(closing.call.getSnapshot().connection).toEqual({ phase: 'closed', reason: { kind: 'left' } })
})

test('ending uses the control token, and is the end for us too', async () => {
  const { call, page } = start()
  await settle()
  await call.endForAll()

  expect(page.asked.at(-1)).toEqual({ call: 'end', with: 'control' })
  expect(call.getSnapshot().connection).toEqual({ phase: 'closed', reason: { kind: 'ended' } })
})

test('when ending is refused the meeting goes on', async () => {
  const { call, page } = start()
  await settle()
  page.ends = ['not_permitted']

  await expect(call.endForAll()).rejects.toMatchObject({ code: 'not_permitted' })
  expect(phase(call)).toBe('connected')
})

test('a microphone that is taken is explained and stays off', async () => {
  const { call, room } = start({ microphone: false, camera: false })
  await settle()
  room.localParticipant.setMicrophoneEnabled = async () => {
    throw new DOMException('Could not start audio source', 'NotReadableError')
  }
  await call.turn('microphone', true)

  expect(call.getSnapshot().microphone).toEqual({ isOn: false, isBusy: false, problem: 'in_use' })
  call.dismissProblem('microphone')
  expect(call.getSnapshot().microphone.problem).toBeNull()
})

test('a microphone that the server mutes is shown as off', async () => {
  const { call, room } = start()
  await settle()
  room.emit(RoomEvent.TrackMuted, { source: 'microphone' }, { isLocal: true })

  expect(call.getSnapshot().microphone.isOn).toBe(false)
  room.emit(RoomEvent.TrackMuted, { source: 'camera' }, { isLocal: false })
  expect(call.getSnapshot().camera.isOn).toBe(true)
})

test('chat is read after entering and after every reconnect, and comes from the server only', async () => {
  const page = new FakePage()
  page.joins = [anAdmission({ participant_id: 'me', control_token: 'mine' })]
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
  expect(page.asked.at(-1)).toEqual({ call: 'readChat', with: 2 })
  expect(call.chat.getSnapshot().messages.at(-1)?.message).toBe('missed')
})

test('where the room has no chat nobody asks for it', async () => {
  const { page, call, room } = start()
  await settle()
  room.emit(RoomEvent.DataReceived, new TextEncoder().encode(JSON.stringify(aMessage())), undefined, 0, 'lk-chat-topic')

  expect(page.asked.map(({ call: name }) => name)).toEqual(['join'])
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
