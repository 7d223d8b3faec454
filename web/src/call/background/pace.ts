/** Says when hiding the background takes too long to go on as it does. Pure. */

/** Fewer frames a second than these are no picture that moves. */
export const LEAST_FRAMES = 12
/** It has to last so long. */
export const FOR_MS = 5000

export class Pace {
  #since: number | null = null
  #busyFor = 0
  #frames = 0

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
    return possible < LEAST_FRAMES ? 'slow' : 'well'
  }
}
