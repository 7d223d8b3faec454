/**
 * Tells a microphone that gives nothing at all from a quiet room: a live one always has some noise,
 * so that only exact silence counts, and only while it could be heard. Pure.
 */
export const SILENT_AFTER_MS = 5_000

export interface Hearing {
  /** The largest sample since the last look, 0 to 1. */
  peak: number
  /** Whether sound is looked at: the audio context runs and the page is seen. */
  isListening: boolean
}

export class SilenceWatch {
  #since: number | null = null

  /** @returns whether nothing was heard for so long that the person should know */
  look({ peak, isListening }: Hearing, now: number): boolean {
    if (peak > 0 || !isListening) {
      this.#since = null
      return false
    }
    this.#since ??= now
    return now - this.#since >= SILENT_AFTER_MS
  }
}
