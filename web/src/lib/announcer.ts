/**
 * The sentences that a screen reader reads by itself: one polite queue for every feature, so that
 * none cuts off another, and one line that interrupts, for what cannot wait.
 */
import { Cell } from './store'

/** The least time between two polite sentences. */
export const PACE_MS = 1000
/** A sentence that waited longer is no news any more. */
export const STALE_MS = 10_000
/** The last sentence is gone by then, so that nobody comes across it later. */
const FORGET_MS = 10_000
const MOST_WAITING = 20

/** A sentence to read; another `key` says that it is a new one, even with the same words. */
export interface Spoken {
  key: number
  text: string
}

export interface AnnouncerState {
  polite: Spoken
  assertive: Spoken
}

const SILENCE: Spoken = { key: 0, text: '' }

export class Announcer extends Cell<AnnouncerState> {
  #waiting: { text: string; since: number }[] = []
  #last = { text: '', at: Number.NEGATIVE_INFINITY }
  #key = 0
  #timer: number | undefined
  #forgetTimer: number | undefined

  constructor() {
    super({ polite: SILENCE, assertive: SILENCE })
  }

  /** Reads this when it is its turn; once, where the same sentence waits already. */
  say(text: string): void {
    const now = performance.now()
    const isRepeated = this.#waiting.some((one) => one.text === text)
    const wasJustSaid = this.#last.text === text && now - this.#last.at < PACE_MS
    if (text === '' || isRepeated || wasJustSaid) {
      return
    }
    this.#waiting = [...this.#waiting, { text, since: now }].slice(-MOST_WAITING)
    if (this.#timer === undefined) {
      this.#next()
    }
  }

  /** Reads this at once. */
  interrupt(text: string): void {
    this.#key += 1
    this.update({ assertive: { key: this.#key, text } })
    this.#forgetLater()
  }

  /** Forgets what waits; what is shown goes. */
  clear(): void {
    window.clearTimeout(this.#timer)
    window.clearTimeout(this.#forgetTimer)
    this.#timer = undefined
    this.#waiting = []
    this.#last = { text: '', at: Number.NEGATIVE_INFINITY }
    this.update({ polite: SILENCE, assertive: SILENCE })
  }

  #next(): void {
    const now = performance.now()
    const [first, ...rest] = this.#waiting.filter(({ since }) => now - since <= STALE_MS)
    this.#waiting = rest
    this.#timer = undefined
    if (first === undefined) {
      return
    }
    this.#key += 1
    this.#last = { text: first.text, at: now }
    this.update({ polite: { key: this.#key, text: first.text } })
    this.#timer = window.setTimeout(() => this.#next(), PACE_MS)
    this.#forgetLater()
  }

  #forgetLater(): void {
    window.clearTimeout(this.#forgetTimer)
    this.#forgetTimer = window.setTimeout(() => this.update({ polite: SILENCE, assertive: SILENCE }), FORGET_MS)
  }
}

export const announcer = new Announcer()
