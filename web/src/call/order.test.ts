import { expect, test } from 'vitest'
import { type OrderedTile, orderTiles, type TileOrder } from './order'

const tile = (id: string, change: Partial<OrderedTile> = {}): OrderedTile => ({
  id,
  isLocal: id === 'me',
  isSpeaking: false,
  isHeard: false,
  lastSpokeAt: 0,
  ...change,
})
const tiles = (ids: string, change: Record<string, Partial<OrderedTile>> = {}) =>
  ids.split(' ').map((id) => tile(id, change[id]))
const order = (
  previous: string,
  now: readonly OrderedTile[],
  { perPage = 3, shown = 0 }: { perPage?: number; shown?: number } = {},
) =>
  orderTiles(previous.split(' '), now, { perPage, shown })
    .map((id) => id ?? '-')
    .join(' ')
const SPEAKS = { isSpeaking: true, isHeard: true }

test('one comes first, newcomers last, and nobody else moves', () => {
  expect(order('me b a', tiles('a b new me'), { perPage: 9 })).toBe('me b a new')
})

test('somebody who left is gone', () => {
  expect(order('me b a', tiles('a me'), { perPage: 9 })).toBe('me a')
})

test('somebody heard on a later page takes the place of the longest silent one on the first', () => {
  const now = tiles('me a b c d', { a: { lastSpokeAt: 500 }, b: { lastSpokeAt: 100 }, d: SPEAKS })

  expect(order('me a b c d', now)).toBe('me a d c b')
})

test('a syllable moves nobody', () => {
  expect(order('me a b c d', tiles('me a b c d', { d: { isSpeaking: true } }))).toBe('me a b c d')
})

test.each([1, 2])('whoever speaks on the page one looks at stays there, page %i too', (shown) => {
  const speaker = ['c', 'f'][shown - 1] as string

  expect(order('me a b c d e f', tiles('me a b c d e f', { [speaker]: SPEAKS }), { shown })).toBe('me a b c d e f')
})

test('while one looks at another page, somebody heard comes to the first, and the page in sight stays', () => {
  expect(order('me a b c d e f', tiles('me a b c d e f', { f: SPEAKS }), { shown: 1 })).toBe('me a f c d e b')
})

test('speakers on the first page stay, and when all there speak nobody is moved', () => {
  const speaking = { isSpeaking: true }
  const now = tiles('me a b c', { a: speaking, b: speaking, c: SPEAKS })

  expect(order('me a b c', now)).toBe('me a b c')
})

test('a place that becomes free is filled from the end: the pages in between stay', () => {
  expect(order('me a b c d e f g', tiles('me b c d e f g'), { shown: 1 })).toBe('me g b c d e f')
})

test('a speaker in sight is not fetched to fill a place; somebody else is, or the place stays empty', () => {
  expect(order('me a b c d', tiles('me b c d', { d: SPEAKS }), { shown: 1 })).toBe('me c b - d')
  expect(order('me a b c', tiles('me b c x', { c: SPEAKS }), { shown: 1 })).toBe('me x b c')
})

test('whatever happens, nobody is lost or doubled, and no speaker leaves the page one looks at', () => {
  let seed = 20261130
  const random = (below: number) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
    return Math.floor((seed / 2 ** 32) * below)
  }
  let previous: TileOrder = []
  let ids = ['me', 'a']
  let next = 0
  for (let step = 0; step < 3000; step += 1) {
    const perPage = 4
    const shown = random(5)
    const event = random(5)
    if (event < 2) {
      ids.push(`p${next++}`)
    } else if (event === 2 && ids.length > 1) {
      const gone = 1 + random(ids.length - 1)
      ids = ids.filter((_, index) => index !== gone)
    }
    const now = ids.map((id) => {
      const isSpeaking = random(3) === 0
      return tile(id, { isSpeaking, isHeard: isSpeaking && random(2) === 0, lastSpokeAt: random(1000) })
    })
    const after = orderTiles(previous, now, { perPage, shown })

    expect(after.filter((id) => id !== null).sort()).toEqual([...ids].sort())
    expect(after[0]).toBe('me')
    const isOnePage = ids.length <= perPage
    for (const { id, isSpeaking } of now) {
      const before = previous.indexOf(id)
      if (isSpeaking && before !== -1 && Math.floor(before / perPage) === shown && !isOnePage) {
        expect(after.indexOf(id)).toBe(before)
      }
    }
    previous = after
  }
})
