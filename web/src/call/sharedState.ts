/**
 * The state that the people in a meeting share, as the feed `state` brings it: hands, the rights of
 * guests, and the entries of other features, by key (docs/page-api.md).
 */
import type { FeedPage } from '@/api/page'
import { Cell } from '@/lib/store'
import { Feed, parseFeedPacket } from './feed'

export const STATE_FEED = 'state'

export interface SharedStateValue {
  entries: ReadonlyMap<string, unknown>
}

export class SharedState extends Cell<SharedStateValue> {
  readonly #feed: Feed<unknown>

  constructor(read: (after: number | null) => Promise<FeedPage<unknown>>) {
    super({ entries: new Map() })
    this.#feed = new Feed({
      read,
      onBegin: () => this.update({ entries: new Map() }),
      onEntries: (changes) => {
        const entries = new Map(this.getSnapshot().entries)
        for (const { key, value } of changes) {
          if (value === null) {
            entries.delete(key)
          } else {
            entries.set(key, value)
          }
        }
        this.update({ entries })
      },
    })
  }

  /** A data packet of the server; those of other feeds are ignored. */
  receive(bytes: Uint8Array): void {
    const packet = parseFeedPacket(bytes, STATE_FEED)
    if (packet !== null) {
      this.#feed.receive(packet)
    }
  }

  /** Asks for what is missing. */
  refresh(): Promise<void> {
    return this.#feed.refresh()
  }
}

/** The entries whose keys begin with `prefix`, by the rest of the key. The server made them. */
export function entriesWith<Value>(entries: ReadonlyMap<string, unknown>, prefix: string): Map<string, Value> {
  const found = new Map<string, Value>()
  for (const [key, value] of entries) {
    if (key.startsWith(prefix)) {
      found.set(key.slice(prefix.length), value as Value)
    }
  }
  return found
}
