import { expect, test } from 'vitest'
import { arrangeGrid } from '@/call/grid'
import { neighbour } from './neighbours'
import { nearestCorner } from './useCornerDrag'

const { tiles } = arrangeGrid({ width: 1248, height: 640 }, 9, { gap: 8 })
const places = new Map(tiles.map((tile, index) => [String(index), tile]))

test('arrow keys lead to the tile that is seen there, and end at the edge', () => {
  expect(neighbour(places, '4', 'ArrowLeft')).toBe('3')
  expect(neighbour(places, '4', 'ArrowRight')).toBe('5')
  expect(neighbour(places, '4', 'ArrowUp')).toBe('1')
  expect(neighbour(places, '4', 'ArrowDown')).toBe('7')
  expect(neighbour(places, '0', 'ArrowLeft')).toBeUndefined()
  expect(neighbour(places, '8', 'ArrowDown')).toBeUndefined()
})

test('a tile let go is in the nearest corner, named along the line of writing', () => {
  const place = { x: 1000, y: 500, width: 200, height: 112 }
  const space = { width: 1248, height: 640 }
  expect(nearestCorner(place, { x: -900, y: -400 }, space, false)).toBe('start-top')
  expect(nearestCorner(place, { x: -900, y: -400 }, space, true)).toBe('end-top')
  expect(nearestCorner(place, { x: 10, y: 10 }, space, false)).toBe('end-bottom')
})
