import { expect, test, vi } from 'vitest'
import type { FeedEntry, FeedPage } from '@/api/page'
import { Feed, type FeedPacket, parseFeedPacket } from './feed'

interface Value {
  x: number
}

/** A server's feed, which forgets what has no value when it becomes too much. */
class FakeServer {
  session = 1
  generation = 0
  number = 0
  entries = new Map<string, FeedEntry<Value>>()

  write(key: string, value: Value | null, { isLarge = false } = {}): FeedPacket<Value> {
    if (!this.entries.has(key) && this.entries.size >= 4) {
      this.entries = new Map([...this.entries].filter(([, entry]) => entry.value !== null))
      this.generation += 1
    }
    this.number += 1
    const entry = { number: this.number, key, value }
    this.entries.set(key, entry)
    return { ...this.#place(), number: this.number, entries: isLarge ? null : [entry] }
  }

  beginSession(): void {
    Object.assign(this, { session: this.session + 1, generation: 0, number: 0, entries: new Map() })
  }

  read(after: number | null): FeedPage<Value> {
    const found = [...this.entries.values()].filter(({ number }) => number > (after ?? 0))
    const entries = found.sort((one, other) => one.number - other.number).slice(0, 2)
    const hasMore = found.length > 2
    return { ...this.#place(), number: hasMore ? (entries[1]?.number ?? 0) : this.number, entries, has_more: hasMore }
  }

  values(): Record<string, Value> {
    return valuesOf([...this.entries.values()])
  }

  #place() {
    return { session_id: `session-${this.session}`, generation: this.generation }
  }
}

function valuesOf(entries: readonly FeedEntry<Value>[]): Record<string, Value> {
  return Object.fromEntries(entries.flatMap(({ key, value }) => (value === null ? [] : [[key, value]])))
}

function follow(server: FakeServer) {
  const known = new Map<string, FeedEntry<Value>>()
  const read = vi.fn(async (after: number | null) => server.read(after))
  const news: boolean[] = []
  const feed = new Feed<Value>({
    read,
    onBegin: () => known.clear(),
    onEntries: (entries, isNews) => {
      news.push(isNews)
      for (const entry of entries) {
        known.set(entry.key, entry)
      }
    },
  })
  return { feed, read, news, values: () => valuesOf([...known.values()]) }
}

test('what was there is no news, and what follows is taken from packets alone', async () => {
  const server = new FakeServer()
  server.write('a', { x: 1 })
  const { feed, read, news, values } = follow(server)
  await feed.refresh()
  feed.receive(server.write('b', { x: 2 }))
  feed.receive(server.write('a', null))

  expect(values()).toEqual({ b: { x: 2 } })
  expect(news).toEqual([false, true, true])
  expect(read).toHaveBeenCalledOnce()
})

test('a hint is asked about', async () => {
  const server = new FakeServer()
  const { feed, values } = follow(server)
  await feed.refresh()
  feed.receive(server.write('a', { x: 1 }, { isLarge: true }))

  await vi.waitFor(() => expect(values()).toEqual({ a: { x: 1 } }))
})

/** Numbers from 0 to 1 that are the same in every run (mulberry32). */
function chances(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

test('packets that are lost, doubled or late: in the end everybody has what the server has', async () => {
  for (let seed = 1; seed <= 300; seed++) {
    const chance = chances(seed)
    const pick = (most: number) => Math.floor(chance() * most)
    const server = new FakeServer()
    const pages = [follow(server), follow(server)]
    let onTheWay: FeedPacket<Value>[] = []
    for (let step = 0; step < 40; step++) {
      const page = pages[pick(2)]
      const index = pick(onTheWay.length)
      const packet = onTheWay[index]
      const what = pick(10)
      if (what < 4) {
        const key = 'abcde'.charAt(pick(5))
        if (server.entries.size < 4 || server.entries.has(key) || Object.keys(server.values()).length < 4) {
          onTheWay.push(server.write(key, chance() < 0.4 ? null : { x: pick(9) }, { isLarge: chance() < 0.2 }))
        }
      } else if (what < 8 && packet !== undefined) {
        page?.feed.receive(packet)
        onTheWay = what < 6 ? onTheWay.filter((_, at) => at !== index) : onTheWay
      } else if (what === 8) {
        await page?.feed.refresh()
      } else if (chance() < 0.2) {
        server.beginSession()
      }
    }
    await Promise.all(pages.map(({ feed }) => feed.refresh()))
    // Requests that are under way go on.
    for (let turn = 0; turn < 100; turn++) {
      await Promise.resolve()
    }
    for (const { values } of pages) {
      expect(values(), `seed ${seed}`).toEqual(server.values())
    }
  }
})

test('only packets of this feed are read, and only whole ones', () => {
  const packet = {
    feed: 'state',
    session_id: 's',
    generation: 0,
    number: 1,
    entries: [{ number: 1, key: 'a', value: null }],
  }
  const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value))

  expect(parseFeedPacket(bytes(packet), 'state')).toEqual(packet)
  expect(parseFeedPacket(bytes({ ...packet, entries: null }), 'state')?.entries).toBeNull()
  const wrong = [null, 1, [], {}, { ...packet, feed: 'chat' }, { ...packet, number: '1' }, { ...packet, entries: [{}] }]
  for (const other of [...wrong, { ...packet, entries: [{ number: 1, key: 'a', value: 'text' }] }]) {
    expect(parseFeedPacket(bytes(other), 'state')).toBeNull()
  }
  expect(parseFeedPacket(new Uint8Array([0xff]), 'state')).toBeNull()
})
