/** Between the page and the worker that hides the background. */

export type Effect = { kind: 'blur'; strength: 'light' | 'strong' } | { kind: 'image'; image: ImageBitmap }

export interface Parts {
  loader: string
  wasm: string
  model: string
}

export type ToWorker =
  /** Frames to read and to write, from now on; a run before it ends. */
  | { type: 'run'; run: number; readable: ReadableStream<VideoFrame>; writable: WritableStream<VideoFrame> }
  | { type: 'effect'; effect: Effect }
  /** Fewer frames a second than `leastFrames` are too slow. */
  | { type: 'load'; parts: Parts; leastFrames: number }
  | { type: 'end' }

export type FromWorker =
  /** The first frame of this run is hidden and written. */
  { type: 'running'; run: number } | { type: 'failed'; run: number } | { type: 'slow'; run: number }
