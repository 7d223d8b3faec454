/**
 * Reactions as they come in: events that may be lost. Equal ones within a second are one with a
 * number, and only the newest are kept, so that a crowd covers nothing.
 */
import type { Reaction } from '@/api/page'
import { Cell } from '@/lib/store'
import type { Commander } from './commander'

export const REACTION_TOPIC = 'moothall.reaction'
// A record, so that the compiler asks for a reaction that the server has and this list has not.
const ORDER: Record<Reaction, true> = { thumbs_up: true, clap: true, heart: true, laugh: true, wow: true, party: true }
/** In the order of the menu. */
export const REACTIONS = Object.keys(ORDER) as readonly Reaction[]

/** How long a reaction is shown. */
export const SHOWN_MS = 3000
const GATHERED_MS = 1000
export const MOST_SHOWN = 20

export interface ShownReaction {
  /** Unique on this page. */
  key: number
  reaction: Reaction
  /** How many people sent it within a second. */
  count: number
  /** The participant who sent it last, and their name. */
  participantId: string
  name: string
  at: number
}

export interface ReactionsState {
  /** Oldest first. */
  shown: readonly ShownReaction[]
}

export class Reactions extends Cell<ReactionsState> {
  readonly #commander: Commander
  #key = 0
  #timer: number | undefined

  constructor(commander: Commander) {
    super({ shown: [] })
    this.#commander = commander
  }

  send(reaction: Reaction): void {
    void this.#commander.send('react', { reaction })
  }

  /** A data packet of the server. */
  receive(bytes: Uint8Array): void {
    const said = parse(bytes)
    if (said === null) {
      return
    }
    const now = performance.now()
    const { shown } = this.getSnapshot()
    const equal = shown.find(({ reaction, at }) => reaction === said.reaction && now - at < GATHERED_MS)
    if (equal === undefined) {
      this.#key += 1
      const fresh = { ...said, key: this.#key, count: 1, at: now }
      this.update({ shown: [...shown, fresh].slice(-MOST_SHOWN) })
    } else {
      this.update({
        shown: shown.map((one) => (one === equal ? { ...one, ...said, count: one.count + 1 } : one)),
      })
    }
    this.#forgetLater()
  }

  stop(): void {
    window.clearTimeout(this.#timer)
  }

  #forgetLater(): void {
    window.clearTimeout(this.#timer)
    const [oldest] = this.getSnapshot().shown
    if (oldest === undefined) {
      return
    }
    const left = oldest.at + SHOWN_MS - performance.now()
    this.#timer = window.setTimeout(
      () => {
        const now = performance.now()
        this.update({ shown: this.getSnapshot().shown.filter(({ at }) => now - at < SHOWN_MS) })
        this.#forgetLater()
      },
      Math.max(1, left),
    )
  }
}

/** Null for anything else than a reaction of the server. */
function parse(bytes: Uint8Array): Pick<ShownReaction, 'reaction' | 'participantId' | 'name'> | null {
  try {
    const { reaction, by } = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>
    const { participant_id: participantId, name } = (by ?? {}) as Record<string, unknown>
    const known = REACTIONS.find((one) => one === reaction)
    return known !== undefined && typeof participantId === 'string' && typeof name === 'string'
      ? { reaction: known, participantId, name }
      : null
  } catch {
    return null
  }
}
