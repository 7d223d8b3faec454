import { expect, test } from 'vitest'
import { type Choosable, smallTiles } from './smallTiles'

const person = (id: string, change: Partial<Choosable> = {}): Choosable => ({
  id,
  participantId: id,
  isLocal: false,
  isLarge: false,
  ...change,
})
const me = person('me', { isLocal: true })
const ids = (tiles: readonly Choosable[], spoke: Record<string, number> = {}) =>
  smallTiles(tiles, (id) => spoke[id] ?? 0).map(({ id }) => id)

test('alone one sees oneself, and else the others', () => {
  expect(ids([me])).toEqual(['me'])
  expect(ids([me, person('ada'), person('bo')])).toEqual(['ada', 'bo'])
})

test('of many, the four who spoke last are there, where they stand on the stage', () => {
  const tiles = [me, ...['ada', 'bo', 'cy', 'di', 'ed', 'flo'].map((id) => person(id))]

  expect(ids(tiles, { flo: 9, cy: 3, ed: 5, ada: 1 })).toEqual(['ada', 'cy', 'ed', 'flo'])
})

test('the newest screen comes with the one who spoke last', () => {
  const screens = [person('screen-1', { isLarge: true }), person('screen-2', { isLarge: true })]

  expect(ids([me, person('ada'), person('bo'), ...screens], { bo: 2 })).toEqual(['screen-2', 'bo'])
  expect(ids([me, ...screens])).toEqual(['screen-2', 'me'])
})
