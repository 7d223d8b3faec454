import { RemoteAudioTrack, RoomEvent, Track } from 'livekit-client'
import { beforeEach, expect, test, vi } from 'vitest'
import { FakeRoom } from '@/testing/fakeRoom'
import { Volumes } from './volumes'

const param = {
  value: 1,
  setTargetAtTime(value: number) {
    param.value = value
  },
}
const node = { connect: () => undefined, disconnect: () => undefined, gain: param }
class FakeContext {
  static sinks: string[] = []
  state = 'running'
  destination = {}
  createMediaStreamSource = () => node
  createGain = () => node
  setSinkId = async (id: string) => void FakeContext.sinks.push(id)
  close = async () => undefined
}

beforeEach(() => {
  FakeContext.sinks = []
  vi.stubGlobal('AudioContext', FakeContext)
})

function aTrack(source: Track.Source) {
  const track = new RemoteAudioTrack(
    { kind: 'audio', addEventListener: () => undefined } as unknown as MediaStreamTrack,
    'TR',
    undefined as unknown as RTCRtpReceiver,
  )
  const element = document.createElement('audio')
  track.source = source
  track.attachedElements.push(element)
  return { track, element }
}

function aCall() {
  const room = Object.assign(new FakeRoom(), { getActiveDevice: () => 'headset' })
  const voice = aTrack(Track.Source.Microphone)
  const screen = aTrack(Track.Source.ScreenShareAudio)
  const publications = new Map([
    ['1', { track: voice.track }],
    ['2', { track: screen.track }],
  ])
  const zoe = { identity: 'zoe', trackPublications: publications, audioTrackPublications: publications }
  const volumes = new Volumes(room.asRoom())
  room.remoteParticipants.set('zoe', zoe)
  return { room, volumes, voice, screen, zoe }
}

test('voice and screen of one person are set apart', () => {
  const { volumes, voice, screen } = aCall()
  volumes.set('zoe', 0.3)
  expect([voice.element.volume, screen.element.volume]).toEqual([0.3, 1])
  volumes.set('zoe:screen', 0)
  expect([voice.element.volume, screen.element.volume]).toEqual([0.3, 0])
})

test('louder than it was sent goes past the element, through the chosen speaker, and back again', () => {
  const { volumes, voice } = aCall()
  volumes.set('zoe', 2)
  expect(voice.element.muted).toBe(true)
  expect(param.value).toBe(2)
  expect(FakeContext.sinks).toEqual(['headset'])
  volumes.set('zoe', 0.5)
  expect([voice.element.muted, voice.element.volume]).toEqual([false, 0.5])
})

test('who comes back with a new track is as loud as before', () => {
  const { room, volumes, zoe } = aCall()
  volumes.set('zoe', 0.2)
  const again = aTrack(Track.Source.Microphone)
  room.emit(RoomEvent.TrackSubscribed, again.track, {}, zoe)
  expect(again.element.volume).toBe(0.2)
})
