import { expect, test } from 'vitest'
import { fitScale, keepUnder, zoomBy } from './zoom'

test('a screen fits its place whole', () => {
  expect(fitScale({ width: 1920, height: 1080 }, { width: 960, height: 900 })).toBe(0.5)
  expect(fitScale({ width: 0, height: 0 }, { width: 960, height: 900 })).toBe(1)
})

test('zooming out ends where the screen fits, zooming in at four times its size', () => {
  expect(zoomBy('fit', 2, 0.5)).toBe(1)
  expect(zoomBy(1, 0.25, 0.5)).toBe('fit')
  expect(zoomBy(3, 2, 0.5)).toBe(4)
})

test('what is under the pointer stays there', () => {
  // 300 px into a screen at scale 1 are 600 px at scale 2, which stand 100 px from the edge again.
  expect(keepUnder(200, 100, 1, 2)).toBe(500)
  expect(keepUnder(0, 100, 2, 1)).toBe(0)
})
