/**
 * Hides the background of a camera, frame by frame. A frame that cannot be hidden is dropped:
 * nothing of the camera leaves here as it came.
 */
import { ImageSegmenter } from '@mediapipe/tasks-vision'
import { Compositor, MASK } from './compositor'
import type { Effect, FromWorker, Parts, ToWorker } from './messages'
import { LEAST_FRAMES, Pace, Quality } from './pace'

/** Frames that may fail one after another before it is given up. */
const MOST_FAILURES = 30

let segmenter: Promise<ImageSegmenter> | null = null
let effect: Effect | null = null
let runs: AbortController | null = null
let leastFrames = LEAST_FRAMES
const quality = new Quality()

const tell = (message: FromWorker) => postMessage(message)

self.onmessage = ({ data }: MessageEvent<ToWorker>) => {
  switch (data.type) {
    case 'load':
      leastFrames = data.leastFrames
      segmenter ??= load(data.parts)
      // A failure is told to the run that waits for it.
      segmenter.catch(() => undefined)
      break
    case 'effect':
      effect = data.effect
      break
    case 'run':
      void run(data)
      break
    case 'end':
      runs?.abort()
  }
}

async function load({ loader, wasm, model }: Parts): Promise<ImageSegmenter> {
  // MediaPipe starts its loader by an address in a string. Only this one passes.
  globalThis.trustedTypes?.createPolicy('default', {
    createScriptURL: (address) => {
      if (address !== loader) {
        throw new TypeError(`${address} is none of our scripts`)
      }
      return address
    },
  })
  return ImageSegmenter.createFromOptions(
    { wasmLoaderPath: loader, wasmBinaryPath: wasm },
    {
      baseOptions: { modelAssetPath: model, delegate: 'CPU' },
      runningMode: 'VIDEO',
      outputCategoryMask: false,
      outputConfidenceMasks: true,
    },
  )
}

async function run({ run: number, readable, writable }: Extract<ToWorker, { type: 'run' }>): Promise<void> {
  runs?.abort()
  const mine = new AbortController()
  runs = mine
  try {
    if (segmenter === null) {
      throw new Error('nothing was loaded')
    }
    const hide = hider(await segmenter, number, mine)
    await readable.pipeThrough(new TransformStream({ transform: hide })).pipeTo(writable, { signal: mine.signal })
  } catch {
    if (!mine.signal.aborted) {
      tell({ type: 'failed', run: number })
    }
  }
}

/** Hides the frames of one run. */
function hider(model: ImageSegmenter, number: number, mine: AbortController) {
  const compositor = new Compositor()
  const pace = new Pace(leastFrames)
  const small = new OffscreenCanvas(MASK.width, MASK.height).getContext('2d')
  let isFirst = true
  let failures = 0

  return (frame: VideoFrame, controller: TransformStreamDefaultController<VideoFrame>) => {
    const began = performance.now()
    try {
      if (effect === null || small === null || frame.displayHeight === 0) {
        return
      }
      small.drawImage(frame, 0, 0, MASK.width, MASK.height)
      let likelihoods: Float32Array | undefined
      model.segmentForVideo(small.canvas, began, ({ confidenceMasks }) => {
        likelihoods = confidenceMasks?.[0]?.getAsFloat32Array().slice()
      })
      if (likelihoods?.length !== MASK.width * MASK.height) {
        throw new Error('no mask')
      }
      const picture = compositor.draw(frame, likelihoods, effect, Math.min(quality.height, frame.displayHeight))
      controller.enqueue(new VideoFrame(picture, { timestamp: frame.timestamp, alpha: 'discard' }))
      failures = 0
      if (isFirst) {
        isFirst = false
        tell({ type: 'running', run: number })
        // The first frame prepares the model, which says nothing of those after it.
        return
      }
      if (pace.note(performance.now() - began, performance.now()) === 'slow' && !quality.reduce()) {
        tell({ type: 'slow', run: number })
        mine.abort()
      }
    } catch (error) {
      failures += 1
      if (failures === MOST_FAILURES) {
        throw error
      }
    } finally {
      frame.close()
    }
  }
}
