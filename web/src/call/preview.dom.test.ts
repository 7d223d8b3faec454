import { beforeEach, expect, test, vi } from 'vitest'
import { provideMediaDevices } from '@/testing/mediaDevices'
import { Preview } from './preview'

/** A track as a browser gives it, without a browser. */
class FakeTrack extends EventTarget {
  isStopped = false
  constructor(readonly kind: 'audio' | 'video') {
    super()
  }
  stop(): void {
    this.isStopped = true
  }
}

type Wanted = { audio?: unknown; video?: unknown }
let answers: ((wanted: Wanted) => FakeTrack[] | Promise<FakeTrack[]>)[]
let opened: FakeTrack[]
let asked: string[]

const both = (wanted: Wanted) => [
  ...(wanted.audio ? [new FakeTrack('audio')] : []),
  ...(wanted.video ? [new FakeTrack('video')] : []),
]
const refuses = (name: string) => () => {
  throw new DOMException('no', name)
}

beforeEach(() => {
  answers = []
  opened = []
  asked = []
  const getUserMedia = async (wanted: Wanted) => {
    asked.push([wanted.audio && 'audio', wanted.video && 'video'].filter(Boolean).join('+'))
    const tracks = await (answers.shift() ?? both)(wanted)
    opened.push(...tracks)
    return {
      getTracks: () => tracks,
      getAudioTracks: () => tracks.filter(({ kind }) => kind === 'audio'),
      getVideoTracks: () => tracks.filter(({ kind }) => kind === 'video'),
    }
  }
  // The preview stops tracks and listens to them; that much the fakes do.
  provideMediaDevices({ getUserMedia: getUserMedia as unknown as MediaDevices['getUserMedia'] })
})

function aPreview({ microphoneOn = true, cameraOn = true } = {}) {
  return new Preview({ microphoneOn, cameraOn, deviceId: () => null, onOpened: () => undefined })
}

test('both devices are asked for at once, so that there is one prompt', async () => {
  const preview = aPreview()
  await preview.start()

  expect(asked).toEqual(['audio+video'])
  expect(preview.getSnapshot().microphone.track).toBe(opened[0])
  expect(preview.getSnapshot().camera.track).toBe(opened[1])
})

test('a missing camera does not cost the microphone', async () => {
  answers = [refuses('NotFoundError'), both, refuses('NotFoundError')]
  const preview = aPreview()
  await preview.start()

  expect(asked).toEqual(['audio+video', 'audio', 'video'])
  expect(preview.getSnapshot().microphone).toMatchObject({ isOn: true, problem: null })
  expect(preview.getSnapshot().camera).toMatchObject({ isOn: false, problem: 'not_found', track: null })
})

test('what starts off is not opened', async () => {
  const preview = aPreview({ microphoneOn: false, cameraOn: false })
  await preview.start()

  expect(asked).toEqual([])
})

test('turned off while it opens, a camera is stopped when it comes', async () => {
  let arrive: (tracks: FakeTrack[]) => void = () => undefined
  answers = [() => new Promise((resolve) => (arrive = resolve))]
  const preview = aPreview({ microphoneOn: false })
  const started = preview.start()
  await preview.turn('camera', false)
  arrive([new FakeTrack('video')])
  await started

  expect(opened[0]?.isStopped).toBe(true)
  expect(preview.getSnapshot().camera).toMatchObject({ isOn: false, track: null })
})

test('another device replaces the first, which is stopped', async () => {
  const preview = aPreview({ microphoneOn: false })
  await preview.start()
  await preview.reopen('camera')

  expect(opened.map(({ isStopped }) => isStopped)).toEqual([true, false])
})

test('handed over tracks go on; stopped ones do not', async () => {
  const kept = aPreview()
  await kept.start()
  const tracks = kept.release()
  expect(tracks.camera).toBe(opened[1])
  expect(opened.some(({ isStopped }) => isStopped)).toBe(false)

  const dropped = aPreview()
  await dropped.start()
  dropped.stop()
  expect(opened.slice(2).every(({ isStopped }) => isStopped)).toBe(true)
})

test('a camera that is unplugged is told', async () => {
  const preview = aPreview({ microphoneOn: false })
  await preview.start()
  opened[0]?.dispatchEvent(new Event('ended'))

  expect(preview.getSnapshot().camera).toMatchObject({ isOn: false, problem: 'not_found' })
})

test('on a page without https nothing is asked for', async () => {
  vi.stubGlobal('isSecureContext', false)
  const preview = aPreview()
  await preview.start()

  expect(asked).toEqual([])
  expect(preview.getSnapshot().camera.problem).toBe('insecure')
})
