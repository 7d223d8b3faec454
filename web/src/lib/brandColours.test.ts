import { describe, expect, test } from 'vitest'
import { brandColours, DARK_SURFACE, LIGHT_SURFACE } from './brandColours'
import { contrast, parseHex, type Rgb } from './contrast'

const BRANDS = [
  '#000',
  '#ffffff',
  '#808080',
  '#ffeb3b',
  '#ff0000',
  '#ffee00',
  '#00ff00',
  '#0b6b5c',
  '#7f7f7f',
  '#123',
  '#3366cc',
  '#ff99cc',
]

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

    expect(contrast(colour(variables, '--on-accent'), colour(variables, '--accent'))).toBeGreaterThanOrEqual(4.5)
    expect(contrast(colour(variables, '--on-accent'), colour(variables, '--accent-hover'))).toBeGreaterThanOrEqual(4.5)
    for (const ground of surface.grounds) {
      expect(contrast(colour(variables, '--accent-ink'), ground)).toBeGreaterThanOrEqual(4.5)
      expect(contrast(colour(variables, '--accent-line'), ground)).toBeGreaterThanOrEqual(3)
    }
    expect(contrast(colour(variables, '--accent-ink'), colour(variables, '--accent-soft'))).toBeGreaterThanOrEqual(4.5)
  })
})

test('a good colour is used as it is', () => {
  expect(brandColours('#0b6b5c', LIGHT_SURFACE)?.['--accent']).toBe('#0b6b5c')
})

test.each(['', 'red', '#12', '#12345g', 'url(x)'])('%j is refused', (text) => {
  expect(brandColours(text, LIGHT_SURFACE)).toBeNull()
})

test('yellow stays yellow, with dark words and a line around it', () => {
  const variables = brandColours('#ffeb3b', LIGHT_SURFACE)

  expect(variables?.['--accent']).toBe('#ffeb3b')
  expect(variables?.['--on-accent']).toBe('#0a100e')
  expect(variables?.['--accent-line']).not.toBe('#ffeb3b')
})

test.each(['#ffffff', '#000000', '#808080', '#cccccc'])(
  '%s gives buttons in the ink colour, which look enabled',
  (grey) => {
    const light = brandColours(grey, LIGHT_SURFACE) ?? {}
    const dark = brandColours(grey, DARK_SURFACE) ?? {}

    expect(contrast(colour(light, '--accent'), LIGHT_SURFACE.background)).toBeGreaterThan(12)
    expect(contrast(colour(dark, '--accent'), DARK_SURFACE.background)).toBeGreaterThan(12)
  },
)
