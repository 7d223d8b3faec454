/**
 * Tells who speaks, slowly enough to arrange tiles by it: a syllable changes nothing, and a pause
 * between words does not end anything. The rings of speakers do not come from here; each tile
 * follows its own participant.
 */
import { type Room, RoomEvent } from 'livekit-client'
import { Cell } from '@/lib/store'

/** How long somebody has to speak before their tile may be moved. */
export const SPOKEN_FOR_MS = 1000
/** A silence of up to this long belongs to speaking. */
export const PAUSE_MS = 800

export interface SpeechState {
  /**
   * The ids of participants who have been speaking for `SPOKEN_FOR_MS`, until they have been silent
   * for `PAUSE_MS`.
   */
  heard: ReadonlySet<string>
}

interface Utterance {
  since: number
  /** When the silence began; null while they speak. */
  silentSince: number | null
}

export class Speech extends Cell<SpeechState> {
  readonly #utterances = new Map<string, Utterance>()
  readonly #lastSpoke = new Map<string, number>()
  /** Speech that has ended, in milliseconds. */
  readonly #spoken = new Map<string, number>()
  #timer: number | undefined

  constructor(room: Room) {
    super({ heard: new Set() })
    room
      .on(RoomEvent.ActiveSpeakersChanged, (speakers) => this.note(speakers.map(({ identity }) => identity)))
      .on(RoomEvent.ParticipantDisconnected, ({ identity }) => this.#forget(identity))
  }

  /**
   * When this participant last spoke, on the clock of `performance.now()`; 0 for somebody who has
   * not spoken.
   */
  lastSpokeAt(id: string): number {
    return this.isSpeaking(id) ? performance.now() : (this.#lastSpoke.get(id) ?? 0)
  }

  /**
   * How long this participant has spoken since this page came in, in milliseconds. The server tells
   * who speaks and keeps no sums.
   */
  spokenFor(id: string): number {
    const utterance = this.#utterances.get(id)
    return (this.#spoken.get(id) ?? 0) + (utterance === undefined ? 0 : lengthOf(utterance))
  }

  /** Whether this participant speaks now or paused only a moment ago. */
  isSpeaking(id: string): boolean {
    return this.#utterances.has(id)
  }

  /** These speak now, and nobody else. */
  note(ids: readonly string[]): void {
    const now = performance.now()
    for (const id of ids) {
      const { since } = this.#utterances.get(id) ?? { since: now }
      this.#utterances.set(id, { since, silentSince: null })
    }
    for (const [id, { since, silentSince }] of this.#utterances) {
      if (!ids.includes(id) && silentSince === null) {
        this.#utterances.set(id, { since, silentSince: now })
        this.#lastSpoke.set(id, now)
      }
    }
    this.#review()
  }

  stop(): void {
    window.clearTimeout(this.#timer)
    this.#utterances.clear()
  }

  #forget(id: string): void {
    this.#end(id)
    this.#lastSpoke.delete(id)
    this.#review()
  }

  /** Speech counts after a return, too. */
  #end(id: string): void {
    this.#spoken.set(id, this.spokenFor(id))
    this.#utterances.delete(id)
  }

  #review(): void {
    const now = performance.now()
    const heard = new Set<string>()
    let next = Number.POSITIVE_INFINITY
    for (const [id, { since, silentSince }] of this.#utterances) {
      if (silentSince !== null && now - silentSince >= PAUSE_MS) {
        this.#end(id)
        continue
      }
      if ((silentSince ?? now) - since >= SPOKEN_FOR_MS) {
        heard.add(id)
      } else if (silentSince === null) {
        next = Math.min(next, since + SPOKEN_FOR_MS)
      }
      if (silentSince !== null) {
        next = Math.min(next, silentSince + PAUSE_MS)
      }
    }
    window.clearTimeout(this.#timer)
    if (Number.isFinite(next)) {
      this.#timer = window.setTimeout(() => this.#review(), Math.max(1, next - now))
    }
    const before = this.getSnapshot().heard
    if (heard.size !== before.size || [...heard].some((id) => !before.has(id))) {
      this.update({ heard })
    }
  }
}

function lengthOf({ since, silentSince }: Utterance): number {
  return (silentSince ?? performance.now()) - since
}
