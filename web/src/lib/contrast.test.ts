import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { contrast, parseHex, type Rgb } from './contrast'

const css = readFileSync('src/ui/theme.css', 'utf8')
const [lightBlock = '', darkBlock = ''] = [...css.matchAll(/:root \{([^}]*)\}/g)].map((match) => match[1])

function token(block: string, name: string): Rgb {
  const value = new RegExp(`--${name}: (#[0-9a-f]{6});`).exec(block)?.[1]
  const colour = parseHex(value ?? '')
  if (colour === null) {
    throw new Error(`--${name} is not a colour`)
  }
  return colour
}

describe.each([
  ['light', lightBlock],
  ['dark', darkBlock],
])('the %s theme', (_name, block) => {
  test.each([
    ['ink', 'canvas', 7],
    ['ink', 'surface', 7],
    ['ink', 'sunken', 7],
    ['muted', 'canvas', 4.5],
    ['muted', 'surface', 4.5],
    ['muted', 'sunken', 4.5],
    ['muted', 'hover', 4.5],
    ['on-accent', 'accent', 4.5],
    ['on-accent', 'accent-hover', 4.5],
    ['accent-ink', 'accent-soft', 4.5],
    ['accent-ink', 'surface', 4.5],
    ['accent-ink', 'canvas', 4.5],
    ['on-danger', 'danger', 4.5],
    ['danger-ink', 'danger-soft', 4.5],
    ['danger-ink', 'surface', 4.5],
    ['danger-ink', 'canvas', 4.5],
    ['warn-ink', 'warn-soft', 4.5],
    ['tile-ink', 'tile', 4.5],
    ['line-strong', 'surface', 3],
    ['accent', 'canvas', 3],
  ])('%s on %s has at least %d:1', (front, back, ratio) => {
    expect(contrast(token(block, front), token(block, back))).toBeGreaterThanOrEqual(ratio)
  })
})

test('black on white is 21:1', () => {
  expect(contrast([0, 0, 0], [255, 255, 255])).toBeCloseTo(21, 5)
})
