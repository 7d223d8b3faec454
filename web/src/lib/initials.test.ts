import { expect, test } from 'vitest'
import { hueOf, initials } from './initials'

test.each([
  ['Ada Lovelace', 'AL'],
  ['ada', 'A'],
  ['Jean-Luc Picard', 'JP'],
  ['  Grace   Brewster Hopper ', 'GH'],
  ['李雷', '李'],
  ['محمد علي', 'مع'],
  ['🙂 Zoe', 'Z'],
  ['🙂', '?'],
  ['', '?'],
])('the initials of %j are %s', (name, expected) => {
  expect(initials(name)).toBe(expected)
})

test('a hue is stable, in range, and spreads', () => {
  const hues = Array.from({ length: 200 }, (_, index) => hueOf(`participant ${index}`))

  expect(hueOf('ada')).toBe(hueOf('ada'))
  expect(Math.min(...hues)).toBeGreaterThanOrEqual(0)
  expect(Math.max(...hues)).toBeLessThan(360)
  expect(new Set(hues).size).toBe(15)
})
