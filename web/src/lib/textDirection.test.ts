import { expect, test } from 'vitest'
import { directionOfText } from './textDirection'

test.each([
  ['Jabra Evolve2 (0b0e:2119)', 'ltr'],
  ['3 × מיקרופון HD', 'rtl'],
  ['(ميكروفون) USB', 'rtl'],
  ['内置麦克风', 'ltr'],
  ['123', undefined],
  ['', undefined],
])('%s', (text, direction) => {
  expect(directionOfText(text)).toBe(direction)
})
