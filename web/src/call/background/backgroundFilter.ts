/**
 * Hides the background of a camera with a worker, before anything of it is shown or sent. Made so
 * that livekit-client can run it on a track; before a meeting it runs alone.
 */
import type { Track, TrackProcessor } from 'livekit-client'
import { BackgroundError, background } from './background'
import type { Background } from './choice'
import type { Effect, FromWorker, Parts, ToWorker } from './messages'
import { LEAST_FRAMES } from './pace'
import { findPicture } from './pictures'
import workerUrl from './worker?worker&url'

/** A filter that has hidden nothing by then has failed, in milliseconds. */
const READY_WITHIN_MS = 30_000

interface TrackStreams {
  MediaStreamTrackProcessor: new (options: {
    track: MediaStreamTrack
    maxBufferSize?: number
  }) => { readable: ReadableStream<VideoFrame> }
  MediaStreamTrackGenerator: new (options: {
    kind: 'video'
  }) => MediaStreamTrack & {
    writable: WritableStream<VideoFrame>
  }
}

export class BackgroundFilter implements TrackProcessor<Track.Kind.Video> {
  readonly name = 'moothall-background'
  processedTrack?: MediaStreamTrack
  /** The camera itself. */
  source: MediaStreamTrack | null = null
  readonly #parts: Parts
  readonly #onTrouble: (trouble: 'failed' | 'slow') => void
  readonly #stopFollowing: () => void
  #worker: Worker | null = null
  #run = 0
  #isRunning = false

  constructor(parts: Parts, onTrouble: (trouble: 'failed' | 'slow') => void) {
    this.#parts = parts
    this.#onTrouble = onTrouble
    let before = background.getSnapshot().chosen
    this.#stopFollowing = background.subscribe(() => {
      const { chosen } = background.getSnapshot()
      if (chosen !== before) {
        before = chosen
        void this.#setEffect(chosen).catch(() => this.#fail('failed'))
      }
    })
  }

  /** Returns once the first frame is hidden. Throws when none can be; then there is no track. */
  async init({ track }: { track: MediaStreamTrack }): Promise<void> {
    await this.#start(track)
  }

  /** The same with the track of another camera, or of one that was opened again. */
  async restart({ track }: { track: MediaStreamTrack }): Promise<void> {
    this.#end()
    await this.#start(track)
  }

  async destroy(): Promise<void> {
    this.#stopFollowing()
    this.#end()
    this.#worker?.terminate()
    this.#worker = null
  }

  async #start(track: MediaStreamTrack): Promise<void> {
    // Nothing of a run before may be taken for the one that begins.
    delete this.processedTrack
    this.#worker ??= this.#startWorker()
    const worker = this.#worker
    await this.#setEffect(background.getSnapshot().chosen)
    // The browsers that have these are told apart in `isBackgroundPossible`.
    const { MediaStreamTrackProcessor, MediaStreamTrackGenerator } = globalThis as unknown as TrackStreams
    const { readable } = new MediaStreamTrackProcessor({ track, maxBufferSize: 1 })
    const generator = new MediaStreamTrackGenerator({ kind: 'video' })
    const { writable } = generator
    this.#run += 1
    const run = this.#run
    const message: ToWorker = { type: 'run', run, readable, writable }
    worker.postMessage(message, [readable, writable])
    try {
      await hasBegun(worker, run)
    } catch (error) {
      generator.stop()
      this.#end()
      throw error
    }
    this.source = track
    this.#isRunning = true
    this.processedTrack = generator
  }

  #startWorker(): Worker {
    const policy = globalThis.trustedTypes?.createPolicy('moothall-background', { createScriptURL: () => workerUrl })
    // Trusted types stand for the string where the browser asks for them.
    const worker = new Worker((policy?.createScriptURL('') ?? workerUrl) as unknown as string)
    worker.addEventListener('message', ({ data }: MessageEvent<FromWorker>) => {
      if (data.run === this.#run && this.#isRunning && data.type !== 'running') {
        this.#fail(data.type)
      }
    })
    this.#send(worker, { type: 'load', parts: this.#parts, leastFrames: LEAST_FRAMES })
    return worker
  }

  async #setEffect(chosen: Background): Promise<void> {
    const effect = await effectOf(chosen)
    if (effect !== null && this.#worker !== null) {
      this.#send(this.#worker, { type: 'effect', effect })
    }
  }

  #fail(trouble: 'failed' | 'slow'): void {
    this.#end()
    this.#onTrouble(trouble)
  }

  #end(): void {
    this.#isRunning = false
    this.source = null
    if (this.#worker !== null) {
      this.#send(this.#worker, { type: 'end' })
    }
    this.processedTrack?.stop()
  }

  #send(worker: Worker, message: ToWorker): void {
    worker.postMessage(message)
  }
}

/** Null for none: then nothing is changed, and the filter is about to go. */
async function effectOf(chosen: Background): Promise<Effect | null> {
  switch (chosen.kind) {
    case 'off':
      return null
    case 'blur':
      return chosen
    default: {
      const image = await findPicture(chosen)
      // A picture that is gone, because its site data was cleared, hides as much as any other.
      return image === null ? { kind: 'blur', strength: 'strong' } : { kind: 'image', image }
    }
  }
}

function hasBegun(worker: Worker, run: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const settled = new AbortController()
    const { signal } = settled
    const fail = () => {
      settled.abort()
      reject(new BackgroundError('the background could not be hidden'))
    }
    const timer = window.setTimeout(fail, READY_WITHIN_MS)
    signal.addEventListener('abort', () => window.clearTimeout(timer))
    worker.addEventListener('error', fail, { signal })
    worker.addEventListener(
      'message',
      ({ data }: MessageEvent<FromWorker>) => {
        if (data.run !== run) {
          return
        }
        if (data.type === 'running') {
          settled.abort()
          resolve()
        } else {
          fail()
        }
      },
      { signal },
    )
  })
}
