/**
 * Raised hands in the order that the server gave them. Somebody who has spoken for a while with a
 * raised hand is asked to lower it; without an answer it is lowered.
 */
import { Cell, type Watchable } from '@/lib/store'
import type { Commander } from './commander'
import type { ParticipantsState } from './participants'
import { quietFirst } from './quietFirst'
import { entriesWith, type SharedStateValue } from './sharedState'
import { SPOKEN_FOR_MS, type SpeechState } from './speech'

/** How long somebody speaks with a raised hand, in all, before they are asked to lower it. */
export const ASK_AFTER_MS = 3000
/** How long the question stays before the hand is lowered. */
export const LOWER_AFTER_MS = 10_000

export interface HandsState {
  /** The ids of the people inside who have raised a hand, in the order of raising. */
  raised: readonly string[]
  /** The same people in the order of the list: of raising, or those who have spoken least first. */
  listed: readonly string[]
  /** For hosts: whether those who have spoken least come first in the list. */
  isQuietFirst: boolean
  /** Whether the person at this page is asked to lower their hand. */
  isAsked: boolean
}

export interface HandsOptions {
  state: Watchable<SharedStateValue>
  participants: Watchable<ParticipantsState>
  speech: Watchable<SpeechState>
  /** How long somebody has spoken, in milliseconds. */
  spokenFor: (participantId: string) => number
  commander: Commander
  /** The participant id of the person at this page. */
  me: () => string
}

export class Hands extends Cell<HandsState> {
  readonly #options: HandsOptions
  /** Speech with a raised hand so far, in milliseconds, without the one that goes on. */
  #spoken = 0
  #speakingSince: number | null = null
  #timer: number | undefined
  #keeps = false

  constructor(options: HandsOptions) {
    super({ raised: [], listed: [], isQuietFirst: false, isAsked: false })
    this.#options = options
    options.state.subscribe(() => this.#review())
    options.participants.subscribe(() => this.#review())
    options.speech.subscribe(() => this.#listen())
  }

  /** The place in the order, from 1; null for somebody whose hand is down. */
  placeOf(participantId: string): number | null {
    const place = this.getSnapshot().raised.indexOf(participantId)
    return place < 0 ? null : place + 1
  }

  isMineRaised(): boolean {
    return this.placeOf(this.#options.me()) !== null
  }

  toggle(): void {
    void this.#options.commander.send('raiseHand', { raised: !this.isMineRaised() })
  }

  /** For hosts. */
  lower(participantId: string): void {
    void this.#options.commander.send('lowerHand', { participant_id: participantId })
  }

  /** For hosts. */
  lowerAll(): void {
    void this.#options.commander.send('lowerHands', {})
  }

  /** For hosts. Orders the list of this page alone; numbers keep the order of raising. */
  setQuietFirst(isQuietFirst: boolean): void {
    this.#list(this.getSnapshot().raised, isQuietFirst)
  }

  /** The answer to the question: the hand stays raised, and is not asked about again. */
  keep(): void {
    this.#keeps = true
    this.#stopAsking()
  }

  stop(): void {
    window.clearTimeout(this.#timer)
  }

  /** Only when hands or the switch change, so that no row moves because somebody speaks. */
  #list(raised: readonly string[], isQuietFirst: boolean): void {
    this.update({ raised, isQuietFirst, listed: isQuietFirst ? quietFirst(raised, this.#options.spokenFor) : raised })
  }

  #review(): void {
    const { state, participants, me } = this.#options
    const inside = new Set([me(), ...participants.getSnapshot().all.map(({ id }) => id)])
    const raised = [...entriesWith<{ order: number }>(state.getSnapshot().entries, 'hand:')]
      .filter(([id]) => inside.has(id))
      .sort(([, one], [, other]) => one.order - other.order)
      .map(([id]) => id)
    const before = this.getSnapshot().raised
    if (raised.length !== before.length || raised.some((id, index) => id !== before[index])) {
      this.#list(raised, this.getSnapshot().isQuietFirst)
    }
    if (!this.isMineRaised()) {
      this.#spoken = 0
      this.#speakingSince = null
      this.#keeps = false
      this.#stopAsking()
    } else if (!before.includes(me())) {
      this.#listen()
    }
  }

  #listen(): void {
    if (!this.isMineRaised() || this.#keeps || this.getSnapshot().isAsked) {
      return
    }
    const isHeard = this.#options.speech.getSnapshot().heard.has(this.#options.me())
    const now = performance.now()
    window.clearTimeout(this.#timer)
    if (!isHeard) {
      this.#spoken += this.#speakingSince === null ? 0 : now - this.#speakingSince
      this.#speakingSince = null
      return
    }
    this.#speakingSince ??= now - SPOKEN_FOR_MS
    const rest = ASK_AFTER_MS - this.#spoken - (now - this.#speakingSince)
    this.#timer = window.setTimeout(() => this.#ask(), Math.max(0, rest))
  }

  #ask(): void {
    this.update({ isAsked: true })
    this.#timer = window.setTimeout(() => {
      if (this.isMineRaised()) {
        this.toggle()
      }
      this.#stopAsking()
    }, LOWER_AFTER_MS)
  }

  #stopAsking(): void {
    window.clearTimeout(this.#timer)
    this.update({ isAsked: false })
  }
}
