/** Says when hiding the background takes too long; quality is given up before the effect. Pure. */

/** Fewer frames a second than these are no picture that moves. */
export const LEAST_FRAMES = 12
/** It has to last so long. */
export const FOR_MS = 5000

/** The height of the picture, and the one it falls to where that is too much. */
export const HEIGHTS = { full: 720, reduced: 360 }

export class Pace {
  readonly #leastFrames: number
  #since: number | null = null
  #busyFor = 0
  #frames = 0

  constructor(leastFrames = LEAST_FRAMES) {
    this.#leastFrames = leastFrames
  }

  /** A frame took `tookMs`; says whether the last seconds were too slow, and begins anew then. */
  note(tookMs: number, now: number): 'well' | 'slow' {
    this.#since ??= now
    this.#busyFor += tookMs
    this.#frames += 1
    if (now - this.#since < FOR_MS) {
      return 'well'
    }
    // Not by the clock: a camera in the dark gives few frames, and a hidden page none.
    const possible = (1000 * this.#frames) / Math.max(1, this.#busyFor)
    this.#since = now
    this.#busyFor = 0
    this.#frames = 0
    return possible < this.#leastFrames ? 'slow' : 'well'
  }
}

/** How large the picture is; it stays reduced for as long as the worker lives. */
export class Quality {
  #height = HEIGHTS.full

  get height(): number {
    return this.#height
  }

  /** Reduces the picture; false when it is reduced already and only the effect can be given up. */
  reduce(): boolean {
    const wasFull = this.#height === HEIGHTS.full
    this.#height = HEIGHTS.reduced
    return wasFull
  }
}
