/**
 * Whose tile is large while the layout follows who speaks. Pure: who is heard and the time in. It
 * changes once somebody has been speaking for a second (`Speech`), not while the one who is large
 * goes on speaking, and not sooner than three seconds after the last change.
 */

/** The least time between two changes, in milliseconds. */
export const HOLD_MS = 3000

export interface Spotlit {
  id: string
  /** Since when, on the clock of `performance.now()`. */
  since: number
}

export interface SpeakerStep {
  spotlit: Spotlit | null
  /** When to look again, although nobody began or stopped speaking; null: not before that. */
  lookAt: number | null
}

/** @param heard who speaks, other than oneself, whoever began first in front */
export function followSpeaker(spotlit: Spotlit | null, heard: readonly string[], now: number): SpeakerStep {
  const [next] = heard
  if (next === undefined || (spotlit !== null && heard.includes(spotlit.id))) {
    return { spotlit, lookAt: null }
  }
  const allowedAt = spotlit === null ? now : spotlit.since + HOLD_MS
  return now >= allowedAt ? { spotlit: { id: next, since: now }, lookAt: null } : { spotlit, lookAt: allowedAt }
}
