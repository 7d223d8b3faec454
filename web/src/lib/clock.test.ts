import { expect, test } from 'vitest'
import { formatElapsed } from './clock'

test.each([
  [0, '0:00'],
  [-5000, '0:00'],
  [7_999, '0:07'],
  [247_000, '4:07'],
  [3_599_999, '59:59'],
  [3_600_000, '1:00:00'],
  [45_296_000, '12:34:56'],
])('%d ms is %s', (milliseconds, expected) => {
  expect(formatElapsed(milliseconds)).toBe(expected)
})
