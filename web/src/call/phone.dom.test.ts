import { type LocalTrackPublication, RoomEvent, Track, TrackEvent } from 'livekit-client'
import { afterEach, expect, test, vi } from 'vitest'
import { FakeRoom } from '@/testing/fakeRoom'
import { Phone } from './phone'

let phone: Phone | undefined

afterEach(() => {
  phone?.stop()
  see('visible')
})

function see(state: 'visible' | 'hidden'): void {
  Object.defineProperty(document, 'visibilityState', { value: state, configurable: true })
  document.dispatchEvent(new Event('visibilitychange'))
}

function start(failures: boolean[] = []) {
  const done: string[] = []
  const room = new FakeRoom()
  phone = new Phone({
    room: room.asRoom(),
    inputs: {
      renew: async (kind) => void done.push(`renew ${kind}`),
      rest: async (isResting) => void done.push(isResting ? 'camera rests' : 'camera goes on'),
    },
    tell: async (isAway) => {
      done.push(isAway ? 'away' : 'back')
      if (failures.shift()) {
        throw new Error('not yet')
      }
    },
    startSound: () => done.push('sound'),
  })
  return { done, room }
}

/** A published track, whose events the test makes. */
function aTrack(source: Track.Source) {
  const listeners = new Map<string, () => void>()
  const track = { on: (event: string, listener: () => void) => listeners.set(event, listener) }
  return {
    publication: { source, track } as unknown as LocalTrackPublication,
    resume: () => listeners.get(TrackEvent.UpstreamResumed)?.(),
  }
}

test('in the background the camera rests and the others are told; afterwards the devices are opened anew', async () => {
  const { done } = start()
  see('hidden')
  see('hidden')
  await vi.waitFor(() => expect(done).toEqual(['away', 'camera rests']))

  done.length = 0
  see('visible')
  await vi.waitFor(() => expect(done).toEqual(['back', 'sound', 'renew microphone', 'camera goes on']))
})

test('the others are told again where that failed, and not when it is past', async () => {
  vi.useFakeTimers()
  const { done } = start([true, true])
  see('hidden')
  await vi.advanceTimersByTimeAsync(10_000)
  expect(done.filter((entry) => entry === 'away')).toHaveLength(3)

  done.length = 0
  see('visible')
  await vi.advanceTimersByTimeAsync(10_000)
  vi.useRealTimers()
  expect(done).toEqual(['back', 'sound', 'renew microphone', 'camera goes on'])
})

test('a track that comes back after a telephone call is opened anew', async () => {
  const { done, room } = start()
  const microphone = aTrack(Track.Source.Microphone)
  const screen = aTrack(Track.Source.ScreenShare)
  room.emit(RoomEvent.LocalTrackPublished, microphone.publication)
  room.emit(RoomEvent.LocalTrackPublished, screen.publication)
  screen.resume()
  expect(done).toEqual([])

  microphone.resume()
  expect(done).toEqual(['sound', 'renew microphone'])
})

test('a track that comes back while nobody looks waits until somebody does', async () => {
  const { done, room } = start()
  const microphone = aTrack(Track.Source.Microphone)
  room.emit(RoomEvent.LocalTrackPublished, microphone.publication)
  see('hidden')
  microphone.resume()

  expect(done).not.toContain('renew microphone')
})

test('after the meeting nothing is done any more', async () => {
  const { done, room } = start()
  const microphone = aTrack(Track.Source.Microphone)
  room.emit(RoomEvent.LocalTrackPublished, microphone.publication)
  phone?.stop()
  see('hidden')
  microphone.resume()

  expect(done).toEqual([])
})
