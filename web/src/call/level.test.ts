import { expect, test } from 'vitest'
import { loudness } from './level'

const tone = (amplitude: number) => Float32Array.from({ length: 1024 }, (_, index) => amplitude * Math.sin(index / 3))

test('silence is 0, a loud voice is 1, and louder is never lower', () => {
  expect(loudness(new Float32Array(1024))).toBe(0)
  expect(loudness(tone(1))).toBe(1)
  const levels = [0.001, 0.01, 0.05, 0.1, 0.3].map((amplitude) => loudness(tone(amplitude)))
  expect(levels).toEqual([...levels].sort((a, b) => a - b))
  expect(levels[2]).toBeGreaterThan(0.3)
})
