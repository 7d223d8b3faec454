import { describe, expect, test } from 'vitest'
import { arrangeGrid, type Rectangle, tilesPerPage } from './grid'

const SPACES = {
  'a phone held upright': { width: 344, height: 560 },
  'a phone held sideways': { width: 720, height: 260 },
  'a tablet': { width: 800, height: 1000 },
  'a laptop': { width: 1248, height: 640 },
  'an ultra wide screen': { width: 3408, height: 1280 },
}
const GAP = 8

function overlap(one: Rectangle, other: Rectangle): boolean {
  return (
    one.x < other.x + other.width &&
    other.x < one.x + one.width &&
    one.y < other.y + other.height &&
    other.y < one.y + one.height
  )
}

describe.each(Object.entries(SPACES))('%s', (_name, space) => {
  test.each(Array.from({ length: 25 }, (_, index) => index + 1))('holds %d tiles inside, apart, and alike', (count) => {
    const { tiles } = arrangeGrid(space, count, { gap: GAP })

    expect(tiles).toHaveLength(count)
    for (const tile of tiles) {
      expect(tile.x).toBeGreaterThanOrEqual(-1)
      expect(tile.y).toBeGreaterThanOrEqual(-1)
      expect(tile.x + tile.width).toBeLessThanOrEqual(space.width + 1)
      expect(tile.y + tile.height).toBeLessThanOrEqual(space.height + 1)
      expect(tile.width / tile.height).toBeLessThanOrEqual(16 / 9 + 0.02)
      expect(tile.width / tile.height).toBeGreaterThanOrEqual(0.8 - 0.02)
    }
    for (const [index, tile] of tiles.entries()) {
      expect(tiles.slice(index + 1).filter((other) => overlap(tile, other))).toEqual([])
    }
  })

  test.each([1, 2, 3, 4, 5, 6, 9, 12, 16, 25])(
    '%d tiles cover at least as much as whole 16:9 pictures could',
    (count) => {
      const { tile } = arrangeGrid(space, count, { gap: GAP })

      let largest = 0
      for (let columns = 1; columns <= count; columns += 1) {
        const rows = Math.ceil(count / columns)
        const width = Math.min(
          (space.width - GAP * (columns - 1)) / columns,
          (((space.height - GAP * (rows - 1)) / rows) * 16) / 9,
        )
        largest = Math.max(largest, (width * width * 9) / 16)
      }
      expect(tile.width * tile.height).toBeGreaterThanOrEqual(largest * 0.97)
    },
  )
})

test('two people share an upright phone as two halves, and a laptop side by side', () => {
  const phone = arrangeGrid(SPACES['a phone held upright'], 2, { gap: GAP })
  expect([phone.columns, phone.rows]).toEqual([1, 2])
  expect((phone.tile.width * phone.tile.height * 2) / (344 * 560)).toBeGreaterThan(0.95)

  expect(arrangeGrid(SPACES['a laptop'], 2, { gap: GAP }).columns).toBe(2)
})

test('the last row is centred', () => {
  const { tiles } = arrangeGrid({ width: 1248, height: 640 }, 5, { gap: GAP })
  const last = tiles.slice(3)

  const left = last[0]?.x ?? Number.NaN
  const right = 1248 - ((last[1]?.x ?? Number.NaN) + (last[1]?.width ?? Number.NaN))
  expect(Math.abs(left - right)).toBeLessThanOrEqual(1)
})

test('right to left mirrors every tile', () => {
  const space = { width: 1248, height: 640 }
  const ltr = arrangeGrid(space, 5, { gap: GAP }).tiles
  const rtl = arrangeGrid(space, 5, { gap: GAP, rightToLeft: true }).tiles

  for (const [index, tile] of ltr.entries()) {
    expect(Math.abs((rtl[index]?.x ?? Number.NaN) - (space.width - tile.x - tile.width))).toBeLessThanOrEqual(1)
    expect(rtl[index]?.y).toBe(tile.y)
  }
})

test('a space of no size gives tiles of no size rather than an error', () => {
  expect(arrangeGrid({ width: 0, height: 0 }, 3, { gap: GAP }).tile).toEqual({ width: 0, height: 0 })
})

test('a page holds fewer tiles where less fits, never more than 25', () => {
  expect(tilesPerPage({ width: 3408, height: 1280 }, GAP)).toBe(25)
  expect(tilesPerPage({ width: 1248, height: 640 }, GAP)).toBe(25)
  const phone = tilesPerPage({ width: 344, height: 560 }, GAP)
  expect(phone).toBeGreaterThanOrEqual(6)
  expect(phone).toBeLessThanOrEqual(10)
  expect(tilesPerPage({ width: 100, height: 80 }, GAP)).toBe(1)
})
