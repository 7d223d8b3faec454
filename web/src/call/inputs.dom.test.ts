import { beforeEach, expect, test, vi } from 'vitest'
import { FakeRoom } from '@/testing/fakeRoom'
import { provideMediaDevices } from '@/testing/mediaDevices'
import type { CaptureResult } from './capture'
import { Inputs } from './inputs'

vi.mock('livekit-client', async (original) => ({
  ...(await original<typeof import('livekit-client')>()),
  LocalAudioTrack: class {
    constructor(readonly mediaStreamTrack: MediaStreamTrack) {}
  },
}))

class FakeTrack extends EventTarget {
  readyState = 'live'
  stop(): void {
    this.readyState = 'ended'
  }
}

beforeEach(() => provideMediaDevices({ getUserMedia: () => new Promise(() => undefined) }))

/** Inputs inside a meeting, with a microphone that is still opening. */
function enter() {
  const room = new FakeRoom()
  const published: unknown[] = []
  const participant = room.asRoom().localParticipant
  participant.publishTrack = (async (track: { mediaStreamTrack: unknown }) => {
    published.push(track.mediaStreamTrack)
  }) as unknown as typeof participant.publishTrack
  const inputs = new Inputs({
    room: room.asRoom(),
    initialMedia: { tracks: { microphone: null, camera: null }, wants: { microphone: true, camera: false } },
    deviceIds: { microphone: null, camera: null, speaker: null },
    isConnected: () => true,
  })
  const track = new FakeTrack()
  let finish: (result: CaptureResult) => void = () => undefined
  inputs.receive({ microphone: new Promise((resolve) => (finish = resolve)), camera: null })
  const open = () => finish({ track: track as unknown as MediaStreamTrack, problem: null })
  return { inputs, room, published, track, open, fail: () => finish({ track: null, problem: 'denied' }) }
}

test('a device that opens after entering is published then, and not asked for a second time', async () => {
  const { inputs, room, published, track, open } = enter()
  const publishing = inputs.publish()
  expect(inputs.getSnapshot().microphone).toMatchObject({ isOn: true, isBusy: true })
  expect(published).toEqual([])

  open()
  await publishing
  expect(published).toEqual([track])
  expect(room.asked).toEqual([])
  expect(inputs.getSnapshot().microphone).toMatchObject({ isOn: true, isBusy: false, problem: null })
})

test('what is refused after entering is told', async () => {
  const { inputs, fail } = enter()
  const publishing = inputs.publish()
  fail()
  await publishing

  expect(inputs.getSnapshot().microphone).toMatchObject({ isOn: false, problem: 'denied' })
})

test('a device that nobody wants any more is stopped when it opens', async () => {
  const { inputs, room, published, track, open } = enter()
  const publishing = inputs.publish()
  inputs.permit({ microphone: false, camera: true })
  open()
  await publishing

  expect(published).toEqual([])
  expect(room.asked).not.toContain('microphone on')
  await vi.waitFor(() => expect(track.readyState).toBe('ended'))
  expect(inputs.getSnapshot().microphone.isOn).toBe(false)
})

test('nor is anything sent of somebody who mutes before it opens', async () => {
  const { inputs, room, published, track, open } = enter()
  const publishing = inputs.publish()
  await inputs.turn('microphone', false)
  open()
  await publishing

  expect(published).toEqual([])
  expect(room.asked).not.toContain('microphone on')
  expect(track.readyState).toBe('ended')
})

test('so it is when the meeting is over first', async () => {
  const { inputs, published, track, open } = enter()
  const publishing = inputs.publish()
  inputs.stop()
  open()
  await publishing

  expect(published).toEqual([])
  expect(track.readyState).toBe('ended')
})

/** Inputs inside a meeting with both devices sent. */
function inside() {
  const room = new FakeRoom()
  const did: string[] = []
  const aTrack = (name: string) => ({
    restartTrack: vi.fn(async () => void did.push(`${name} restarted`)),
    mute: vi.fn(async () => void did.push(`${name} muted`)),
    unmute: vi.fn(async () => void did.push(`${name} unmuted`)),
  })
  const tracks = { microphone: aTrack('microphone'), camera: aTrack('camera') }
  const participant = room.asRoom().localParticipant
  participant.getTrackPublication = ((source: 'microphone' | 'camera') => ({
    track: tracks[source],
    isMuted: false,
  })) as unknown as typeof participant.getTrackPublication
  const inputs = new Inputs({
    room: room.asRoom(),
    initialMedia: { tracks: { microphone: null, camera: null }, wants: { microphone: true, camera: true } },
    deviceIds: { microphone: null, camera: null, speaker: null },
    isConnected: () => true,
  })
  return { inputs, room, did, tracks }
}

test('a device is got anew, and a phone that does not give it back is told', async () => {
  const { inputs, did, tracks } = inside()
  await inputs.renew('microphone')
  expect(did).toEqual(['microphone restarted'])

  tracks.microphone.restartTrack.mockRejectedValueOnce(new DOMException('busy', 'NotReadableError'))
  await inputs.renew('microphone')
  expect(did).toEqual(['microphone restarted', 'microphone muted'])
  expect(inputs.getSnapshot().microphone).toMatchObject({ isOn: false, problem: 'taken' })
})

test('a muted microphone is left alone', async () => {
  const { inputs, did } = inside()
  await inputs.turn('microphone', false)
  did.length = 0
  await inputs.renew('microphone')

  expect(did).toEqual([])
})

test('a camera that rests is still wanted, and nobody is said to have turned it off', async () => {
  const { inputs, room, did } = inside()
  await inputs.rest(true)
  await inputs.rest(true)
  room.emit('trackMuted', { source: 'camera' }, { isLocal: true })
  expect(inputs.getSnapshot().camera).toMatchObject({ isOn: true })
  expect(inputs.getSnapshot().camera.wasTurnedOff).toBeFalsy()

  await inputs.rest(false)
  expect(did).toEqual(['camera muted', 'camera unmuted'])
})
