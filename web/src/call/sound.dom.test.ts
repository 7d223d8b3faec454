import { RoomEvent, Track, TrackEvent } from 'livekit-client'
import { expect, test } from 'vitest'
import { FakeRoom } from '@/testing/fakeRoom'
import { Sound } from './sound'

class FakeTrack {
  readonly kind = Track.Kind.Audio
  readonly #listeners = new Map<string, () => void>()
  on(event: string, listener: () => void): void {
    this.#listeners.set(event, listener)
  }
  emit(event: string): void {
    this.#listeners.get(event)?.()
  }
  attach = () => document.createElement('audio')
  detach = () => undefined
}

function aSound() {
  const room = Object.assign(new FakeRoom(), { canPlaybackAudio: true })
  return { room, sound: new Sound(room.asRoom()) }
}

test('nobody is asked to click while there is nothing to hear', () => {
  const { room, sound } = aSound()
  room.canPlaybackAudio = false
  room.emit(RoomEvent.AudioPlaybackStatusChanged, false)

  expect(sound.getSnapshot().canPlay).toBe(true)
})

test('a voice that the browser holds back asks for a click, until it plays or ends', () => {
  const { room, sound } = aSound()
  const [one, other] = [new FakeTrack(), new FakeTrack()]
  room.emit(RoomEvent.TrackSubscribed, one)
  room.emit(RoomEvent.TrackSubscribed, other)
  room.canPlaybackAudio = false
  one.emit(TrackEvent.AudioPlaybackFailed)
  other.emit(TrackEvent.AudioPlaybackFailed)
  expect(sound.getSnapshot().canPlay).toBe(false)

  one.emit(TrackEvent.AudioPlaybackStarted)
  expect(sound.getSnapshot().canPlay).toBe(false)
  room.emit(RoomEvent.TrackUnsubscribed, other)
  expect(sound.getSnapshot().canPlay).toBe(true)
})
