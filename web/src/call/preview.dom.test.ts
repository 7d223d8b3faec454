import { afterEach, beforeEach, expect, test, vi } from 'vitest'
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

afterEach(() => {
  vi.useRealTimers()
  Reflect.deleteProperty(navigator, 'permissions')
})

/** Has the browser tell these permissions. */
function permit(states: Partial<Record<'microphone' | 'camera', string>>) {
  const status = (state: string | undefined) => Object.assign(new EventTarget(), { state: state ?? 'granted' })
  const statuses = { microphone: status(states.microphone), camera: status(states.camera) }
  const query = async ({ name }: { name: 'microphone' | 'camera' }) => statuses[name]
  Object.defineProperty(navigator, 'permissions', { value: { query }, configurable: true })
  return statuses
}

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
  const tracks = kept.handOver()
  expect((await tracks.camera)?.track).toBe(opened[1])
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
  await vi.waitFor(() =>
    expect(preview.getSnapshot().camera).toMatchObject({ isOn: false, problem: 'unplugged', track: null }),
  )
})

test('a permission that is taken back ends the track, and is called that', async () => {
  const preview = aPreview({ microphoneOn: false })
  await preview.start()
  permit({ camera: 'denied' })
  opened[0]?.dispatchEvent(new Event('ended'))

  await vi.waitFor(() => expect(preview.getSnapshot().camera.problem).toBe('denied'))
})

test('a device that opens after it was handed over belongs to the new owner', async () => {
  let open: (tracks: FakeTrack[]) => void = () => undefined
  answers = [() => new Promise((resolve) => (open = resolve))]
  const preview = aPreview({ microphoneOn: false })
  const started = preview.start()
  const { camera, microphone } = preview.handOver()
  open([new FakeTrack('video')])
  await started

  expect(microphone).toBeNull()
  expect((await camera)?.track).toBe(opened[0])
  expect(opened[0]?.isStopped).toBe(false)
  preview.stop()
  expect(opened[0]?.isStopped).toBe(false)
})

test('while the browser asks, the page says so, and after eight seconds where to look', async () => {
  vi.useFakeTimers()
  permit({ microphone: 'prompt', camera: 'prompt' })
  let open: (tracks: FakeTrack[]) => void = () => undefined
  answers = [() => new Promise((resolve) => (open = resolve))]
  const preview = aPreview()
  const started = preview.start()
  await vi.advanceTimersByTimeAsync(0)
  expect(preview.getSnapshot()).toMatchObject({ asking: 'both', asksLong: false })

  await vi.advanceTimersByTimeAsync(8_000)
  expect(preview.getSnapshot()).toMatchObject({ asking: 'both', asksLong: true })
  open([new FakeTrack('audio'), new FakeTrack('video')])
  await started
  expect(preview.getSnapshot()).toMatchObject({ asking: null, asksLong: false })
})

test('a device that is merely slow is no question', async () => {
  vi.useFakeTimers()
  permit({ microphone: 'granted', camera: 'granted' })
  answers = [() => new Promise(() => undefined)]
  const preview = aPreview()
  void preview.start()
  await vi.advanceTimersByTimeAsync(10_000)

  expect(preview.getSnapshot()).toMatchObject({ asking: null, asksLong: false })
  expect(preview.getSnapshot().camera.isOpening).toBe(true)
})

test('where a browser does not tell, a long wait is taken for a question', async () => {
  vi.useFakeTimers()
  answers = [() => new Promise(() => undefined)]
  const preview = aPreview({ microphoneOn: false })
  void preview.start()
  await vi.advanceTimersByTimeAsync(2_900)
  expect(preview.getSnapshot().asking).toBeNull()
  await vi.advanceTimersByTimeAsync(200)
  expect(preview.getSnapshot().asking).toBe('camera')
})

test('what is allowed in the settings of the browser is opened without a press', async () => {
  const status = permit({ camera: 'denied' })
  answers = [refuses('NotAllowedError')]
  const preview = aPreview({ microphoneOn: false })
  await preview.start()
  expect(preview.getSnapshot().camera.problem).toBe('denied')

  status.camera.state = 'granted'
  status.camera.dispatchEvent(new Event('change'))
  await vi.waitFor(() => expect(preview.getSnapshot().camera).toMatchObject({ isOn: true, problem: null }))
})

test('a frame that passes no permission on is told before anybody presses', () => {
  vi.stubGlobal('document', Object.assign(document, { featurePolicy: { allowsFeature: () => false } }))
  const preview = aPreview({ microphoneOn: false })
  preview.inspect()
  Reflect.deleteProperty(document, 'featurePolicy')

  expect(asked).toEqual([])
  expect(preview.getSnapshot().camera).toMatchObject({ isOn: false, problem: 'blocked_by_embedder' })
  expect(preview.getSnapshot().microphone.problem).toBeNull()
})

test('on a page without https nothing is asked for', async () => {
  vi.stubGlobal('isSecureContext', false)
  const preview = aPreview()
  await preview.start()

  expect(asked).toEqual([])
  expect(preview.getSnapshot().camera.problem).toBe('insecure')
})
