import { ParticipantInfo, TrackInfo, TrackSource, TrackType } from '@livekit/protocol'
import { type RemoteParticipant, Room, RoomEvent } from 'livekit-client'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { numberNames, Participants, SPEAKING_HOLD_MS } from './participants'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** The room makes its participants itself; this is its own way in. */
function enter(room: Room, info: Partial<ParticipantInfo>): RemoteParticipant {
  const whole = new ParticipantInfo({ sid: `PA_${info.identity}`, ...info })
  const inner = room as unknown as { getOrCreateParticipant(id: string, info: ParticipantInfo): RemoteParticipant }
  const participant = inner.getOrCreateParticipant(whole.identity, whole)
  participant.updateInfo(whole)
  room.emit(RoomEvent.ParticipantConnected, participant)
  return participant
}

function aSpeaker() {
  const room = new Room()
  const participants = new Participants(room)
  const info = (muted: boolean) => ({
    identity: 'ada',
    name: 'Ada',
    tracks: [new TrackInfo({ sid: 'TR_a', source: TrackSource.MICROPHONE, type: TrackType.AUDIO, muted })],
  })
  const participant = enter(room, info(false))
  const watch = participants.getSnapshot().all.find(({ id }) => id === 'ada')?.view
  if (watch === undefined) {
    throw new Error('Ada is not there')
  }
  const heard = vi.fn()
  const stop = watch.subscribe(heard)
  return {
    participant,
    watch,
    heard,
    stop,
    mute: () => participant.updateInfo(new ParticipantInfo({ sid: 'PA_ada', ...info(true) })),
  }
}

test('the mark of a speaker outlives a pause between words, and goes after it', () => {
  const { participant, watch, heard } = aSpeaker()
  participant.setIsSpeaking(true)
  participant.setIsSpeaking(false)
  vi.advanceTimersByTime(SPEAKING_HOLD_MS - 1)
  expect(SPEAKING_HOLD_MS).toBeGreaterThanOrEqual(600)
  expect(watch.getSnapshot().isSpeaking).toBe(true)

  participant.setIsSpeaking(true)
  participant.setIsSpeaking(false)
  vi.advanceTimersByTime(SPEAKING_HOLD_MS - 1)
  expect(watch.getSnapshot().isSpeaking).toBe(true)

  heard.mockClear()
  vi.advanceTimersByTime(1)
  expect(heard).toHaveBeenCalled()
  expect(watch.getSnapshot().isSpeaking).toBe(false)
})

test('who mutes is not marked a moment longer', () => {
  const { participant, watch, mute } = aSpeaker()
  participant.setIsSpeaking(true)
  participant.setIsSpeaking(false)
  mute()

  expect(watch.getSnapshot().isSpeaking).toBe(false)
})

test('nothing goes on when nobody watches', () => {
  const { participant, watch, stop } = aSpeaker()
  participant.setIsSpeaking(true)
  participant.setIsSpeaking(false)
  stop()

  expect(vi.getTimerCount()).toBe(0)
  expect(watch.getSnapshot().isSpeaking).toBe(false)
})

test('two people with one name are told apart, and a number stays with whoever has it', () => {
  const room = new Room()
  const participants = new Participants(room)
  const shown = () =>
    participants
      .getSnapshot()
      .all.slice(1)
      .map(({ view }) => view.getSnapshot().shownName)
  const first = enter(room, { identity: 'one', name: 'Ada', joinedAt: 10n })
  enter(room, { identity: 'two', name: 'ada', joinedAt: 20n })
  enter(room, { identity: 'three', name: 'Grace', joinedAt: 30n })
  expect(shown()).toEqual(['Ada', 'ada (2)', 'Grace'])

  room.remoteParticipants.delete('one')
  room.emit(RoomEvent.ParticipantDisconnected, first)
  expect(shown()).toEqual(['ada (2)', 'Grace'])
  enter(room, { identity: 'four', name: 'Ada', joinedAt: 40n })
  expect(shown()).toEqual(['ada (2)', 'Grace', 'Ada'])
})

test('who came first has the plain name, in whatever order they are listed', () => {
  const entry = (id: string, joinedAt: number) => ({ id, name: 'Ada', joinedAt })
  const numbers = numberNames([entry('late', 30), entry('b', 10), entry('a', 10)], new Map())

  expect(Object.fromEntries(numbers)).toEqual({ a: 1, b: 2, late: 3 })
})

test('the time of a meeting is right where the clock of the device is wrong by a day', () => {
  const onServer = Date.UTC(2026, 0, 15, 12)
  vi.setSystemTime(onServer + 86_400_000)
  const room = new Room()
  const participants = new Participants(room)
  const joinedAgo = (seconds: number) => ({ joinedAt: BigInt(onServer / 1000 - seconds) })
  room.localParticipant.updateInfo(new ParticipantInfo({ sid: 'PA_me', identity: 'me', ...joinedAgo(0) }))
  enter(room, { identity: 'ada', name: 'Ada', ...joinedAgo(90) })

  expect(performance.now() - (participants.getSnapshot().startedAt ?? Number.NaN)).toBeCloseTo(90_000, -2)
})
