import { describe, expect, test } from 'vitest'
import { brandColours, DARK_SURFACE, LIGHT_SURFACE } from './brandColours'
import { contrast, parseHex, type Rgb } from './contrast'

const BRANDS = ['#000', '#ffffff', '#ff0000', '#ffee00', '#00ff00', '#0b6b5c', '#7f7f7f', '#123', '#3366cc', '#ff99cc']

function colour(variables: Record<string, string>, name: string): Rgb {
  const parsed = parseHex(variables[name] ?? '')
  if (parsed === null) {
    throw new Error(`${name} is not a colour`)
  }
  return parsed
}

describe.each([
  ['light', LIGHT_SURFACE],
  ['dark', DARK_SURFACE],
] as const)('on the %s surface', (_name, surface) => {
  test.each(BRANDS)('the accent made from %s is readable', (brand) => {
    const variables = brandColours(brand, surface)
    if (variables === null) {
      throw new Error('no colours')
    }

    expect(contrast(colour(variables, '--on-accent'), colour(variables, '--accent'))).toBeGreaterThanOrEqual(4.45)
    expect(contrast(colour(variables, '--accent'), surface.background)).toBeGreaterThanOrEqual(2.9)
    expect(contrast(colour(variables, '--accent-ink'), colour(variables, '--accent-soft'))).toBeGreaterThanOrEqual(4.45)
  })
})

test('a good colour is used as it is', () => {
  expect(brandColours('#0b6b5c', LIGHT_SURFACE)?.['--accent']).toBe('#0b6b5c')
})

test.each(['', 'red', '#12', '#12345g', 'url(x)'])('%j is refused', (text) => {
  expect(brandColours(text, LIGHT_SURFACE)).toBeNull()
})
