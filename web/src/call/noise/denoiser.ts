/**
 * Takes noise out of a voice with RNNoise, in blocks of any length up to a frame. No audio of the
 * browser: this runs in a worklet and in tests alike.
 */
import type { Rnnoise } from '@jitsi/rnnoise-wasm/dist/rnnoise-sync.js'

/** RNNoise takes 10 ms at 48 kHz at a time. */
export const FRAME = 480
/** The rate for which RNNoise was trained. */
export const SAMPLE_RATE = 48_000
/** RNNoise takes samples of this size where Web Audio has 1. */
const FULL_SCALE = 32_768

export class Denoiser {
  readonly #rnnoise: Rnnoise
  readonly #state: number
  readonly #address: number
  /** Samples that wait for a full frame. */
  readonly #waiting = new Float32Array(FRAME)
  #waitingCount = 0
  /** Samples without noise, a ring. It begins with a silent frame, so that it is never short. */
  readonly #ready = new Float32Array(FRAME * 2)
  #readAt = 0
  #readyCount = FRAME

  constructor(rnnoise: Rnnoise) {
    this.#rnnoise = rnnoise
    this.#state = rnnoise._rnnoise_create()
    this.#address = rnnoise._malloc(FRAME * Float32Array.BYTES_PER_ELEMENT)
  }

  /**
   * Takes samples in and gives as many out, a frame later. `from` has at most `FRAME` samples; `to`
   * has as many and may be the same array.
   */
  process(from: Float32Array, to: Float32Array): void {
    let taken = 0
    while (taken < from.length) {
      const count = Math.min(FRAME - this.#waitingCount, from.length - taken)
      this.#waiting.set(from.subarray(taken, taken + count), this.#waitingCount)
      this.#waitingCount += count
      taken += count
      if (this.#waitingCount === FRAME) {
        this.#waitingCount = 0
        this.#processFrame()
      }
    }
    for (let index = 0; index < to.length; index += 1) {
      to[index] = this.#ready[this.#readAt] ?? 0
      this.#readAt = (this.#readAt + 1) % this.#ready.length
    }
    this.#readyCount -= to.length
  }

  destroy(): void {
    this.#rnnoise._rnnoise_destroy(this.#state)
    this.#rnnoise._free(this.#address)
  }

  #processFrame(): void {
    const at = this.#address / Float32Array.BYTES_PER_ELEMENT
    const frame = this.#rnnoise.HEAPF32.subarray(at, at + FRAME)
    for (let index = 0; index < FRAME; index += 1) {
      frame[index] = (this.#waiting[index] ?? 0) * FULL_SCALE
    }
    this.#rnnoise._rnnoise_process_frame(this.#state, this.#address, this.#address)
    // RNNoise may have let the heap grow, which replaces its views.
    const cleaned = this.#rnnoise.HEAPF32.subarray(at, at + FRAME)
    const writeAt = (this.#readAt + this.#readyCount) % this.#ready.length
    for (let index = 0; index < FRAME; index += 1) {
      this.#ready[(writeAt + index) % this.#ready.length] = (cleaned[index] ?? 0) / FULL_SCALE
    }
    this.#readyCount += FRAME
  }
}
