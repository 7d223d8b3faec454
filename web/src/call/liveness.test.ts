import { expect, test } from 'vitest'
import { SilenceWatch } from './liveness'

/**
 * Looks twice a second; each pair is what was heard by then. Returns the first moment that counts
 * as dead, in ms.
 */
function deadAfter(heardAt: (now: number) => { media: number; anything: number }, until = 10_000): number | null {
  const watch = new SilenceWatch()
  for (let now = 0; now <= until; now += 500) {
    if (watch.look(heardAt(now), now)) {
      return now
    }
  }
  return null
}

test('media that stops with everything else is dead after 3 s', () => {
  expect(deadAfter((now) => ({ media: Math.min(now, 2000), anything: Math.min(now, 2000) }))).toBe(5000)
})

test('without media, silence is dead in less than 5 s', () => {
  expect(deadAfter((now) => ({ media: 0, anything: Math.min(now, 2000) }))).toBe(6500)
})

test('everybody mutes: checks every 2.5 s are a sign of life', () => {
  expect(deadAfter((now) => ({ media: Math.min(now, 2000), anything: 10_000 + Math.floor(now / 2500) }))).toBeNull()
})
