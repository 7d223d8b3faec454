/**
 * A feed: what everybody inside shares, as the server numbers its changes. Packets bring what is
 * new; what a lost connection swallowed, and what is larger than a packet, is asked for: after
 * every connecting, and when a number is missing. Another session or generation begins anew.
 */
import type { FeedEntry, FeedPage } from '@/api/page'

/** Where the server tells everybody what has changed. */
export const FEED_TOPIC = 'moothall.feed'

/** The content of a packet; `entries` null: there are changes, to be asked for. */
export interface FeedPacket<Value> {
  session_id: string
  generation: number
  /** The feed's newest number. */
  number: number
  entries: readonly FeedEntry<Value>[] | null
}

export interface FeedOptions<Value> {
  /** Reads the changes after this number; null asks for the state, as a newcomer does. */
  read: (after: number | null) => Promise<FeedPage<Value>>
  /** Everything that was taken before is void; `isFirst` when there was nothing. */
  onBegin: (isFirst: boolean) => void
  /** In the order of their numbers. `isNews`: made after this page had read everything once. */
  onEntries: (entries: readonly FeedEntry<Value>[], isNews: boolean) => void
}

export class Feed<Value> {
  readonly #options: FeedOptions<Value>
  #place: string | null = null
  #number = 0
  #hasReadAll = false
  #isReading = false
  #isReadingAgain = false

  constructor(options: FeedOptions<Value>) {
    this.#options = options
  }

  receive(packet: FeedPacket<Value>): void {
    const { number, entries } = packet
    const isHere = placeOf(packet) === this.#place
    if (isHere && number <= this.#number) {
      return
    }
    const next = entries?.[0]?.number
    if (isHere && entries !== null && next !== undefined && next <= this.#number + 1) {
      this.#take(entries, number)
    } else {
      void this.refresh()
    }
  }

  /** Asks for what is missing, or once more when that is being asked for. */
  async refresh(): Promise<void> {
    if (this.#isReading) {
      this.#isReadingAgain = true
      return
    }
    this.#isReading = true
    let isMore = true
    while (isMore) {
      this.#isReadingAgain = false
      const page = await this.#options.read(this.#place === null ? null : this.#number).catch(() => null)
      isMore = this.#isReadingAgain || (page !== null && this.#takePage(page))
    }
    this.#isReading = false
  }

  /** Whether there is more to ask for. */
  #takePage(page: FeedPage<Value>): boolean {
    const place = placeOf(page)
    if (place !== this.#place) {
      const isFirst = this.#place === null
      this.#place = isFirst ? place : null
      this.#number = 0
      this.#options.onBegin(isFirst)
      if (!isFirst) {
        // These followed a number of another place.
        return true
      }
    }
    this.#take(page.entries, page.number)
    this.#hasReadAll ||= !page.has_more
    return page.has_more
  }

  #take(entries: readonly FeedEntry<Value>[], number: number): void {
    const fresh = entries.filter((entry) => entry.number > this.#number)
    this.#number = Math.max(this.#number, number)
    if (fresh.length > 0) {
      this.#options.onEntries(fresh, this.#hasReadAll)
    }
  }
}

/**
 * The packet of this feed. Null for that of another one, and for anything else.
 */
export function parseFeedPacket(bytes: Uint8Array, feed: string): FeedPacket<unknown> | null {
  let parsed: unknown
  try {
    parsed = JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    return null
  }
  if (typeof parsed !== 'object' || parsed === null) {
    return null
  }
  const fields = parsed as Record<keyof FeedPacket<unknown> | 'feed', unknown>
  const isPacket =
    fields.feed === feed &&
    typeof fields.session_id === 'string' &&
    typeof fields.generation === 'number' &&
    typeof fields.number === 'number' &&
    (fields.entries === null || (Array.isArray(fields.entries) && fields.entries.every(isEntry)))
  return isPacket ? (parsed as FeedPacket<unknown>) : null // just looked at
}

function isEntry(entry: unknown): boolean {
  if (typeof entry !== 'object' || entry === null) {
    return false
  }
  const { number, key, value } = entry as Record<keyof FeedEntry<unknown>, unknown>
  return typeof number === 'number' && typeof key === 'string' && typeof value === 'object'
}

function placeOf({ session_id: session, generation }: { session_id: string; generation: number }): string {
  return `${session}/${generation}`
}
