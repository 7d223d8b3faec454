/**
 * Tells when the signalling connection stopped answering. livekit-client waits for 15 s, and a dead
 * socket stays silent: no event tells of it while media goes on.
 */

/** Pings are so far apart, in milliseconds. */
const PING_EVERY_MS = 2000
/** A ping without an answer for this long means a dead socket, in milliseconds. */
const UNANSWERED_MS = 2000

/** The next step: send a ping, wait, or take the connection for dead. */
export type PingStep = 'ping' | 'wait' | 'dead'

/** Pure: answers and the time in, what to do out. */
export class PingWatch {
  #askedAt: number | null = null
  #isAnswered = true

  /**
   * To be called about twice a second.
   *
   * @param isAnswered whether the answer to the last ping has come
   * @param now milliseconds of a monotonic clock
   */
  look(isAnswered: boolean, now: number): PingStep {
    this.#isAnswered ||= isAnswered
    if (this.#askedAt === null || (this.#isAnswered && now - this.#askedAt >= PING_EVERY_MS)) {
      this.#askedAt = now
      this.#isAnswered = false
      return 'ping'
    }
    return !this.#isAnswered && now - this.#askedAt >= UNANSWERED_MS ? 'dead' : 'wait'
  }

  /** Our own loop stood still for `milliseconds`, which says nothing about the server. */
  forgive(milliseconds: number): void {
    this.#askedAt = this.#askedAt === null ? null : this.#askedAt + milliseconds
  }
}
