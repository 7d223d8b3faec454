import { ParticipantInfo, TrackInfo, TrackSource, TrackType } from '@livekit/protocol'
import { RemoteParticipant, Room } from 'livekit-client'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { SPEAKING_HOLD_MS, watchParticipant } from './participants'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function aSpeaker() {
  const participant = new RemoteParticipant(new Room().engine.client, 'PA_ada', 'ada', 'Ada')
  const info = (muted: boolean) =>
    new ParticipantInfo({
      sid: 'PA_ada',
      identity: 'ada',
      tracks: [new TrackInfo({ sid: 'TR_a', source: TrackSource.MICROPHONE, type: TrackType.AUDIO, muted })],
    })
  participant.updateInfo(info(false))
  const watch = watchParticipant(participant)
  const heard = vi.fn()
  const stop = watch.subscribe(heard)
  return { participant, watch, heard, stop, mute: () => participant.updateInfo(info(true)) }
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
