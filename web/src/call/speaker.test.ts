import { expect, test } from 'vitest'
import { followSpeaker, HOLD_MS, type Spotlit } from './speaker'

test('the first who is heard is large at once, and stays while speaking, and in silence', () => {
  const first = followSpeaker(null, ['a'], 100)
  expect(first.spotlit).toEqual({ id: 'a', since: 100 })
  expect(followSpeaker(first.spotlit, ['b', 'a'], 99_000).spotlit?.id).toBe('a')
  expect(followSpeaker(first.spotlit, [], 99_000).spotlit?.id).toBe('a')
})

test('another one is not large sooner than three seconds after the last change', () => {
  const first = followSpeaker(null, ['a'], 100).spotlit
  expect(followSpeaker(first, ['b'], 1000)).toEqual({ spotlit: first, lookAt: 100 + HOLD_MS })
  expect(followSpeaker(first, ['b', 'c'], 100 + HOLD_MS).spotlit).toEqual({ id: 'b', since: 100 + HOLD_MS })
})

test('whatever is said, two changes are never closer than that', () => {
  let seed = 7
  const random = (below: number) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
    return Math.floor((seed / 2 ** 32) * below)
  }
  let spotlit: Spotlit | null = null as Spotlit | null
  let changes = 0
  for (let now = 0; now < 600_000; now += 50 + random(300)) {
    const heard = ['a', 'b', 'c'].filter(() => random(3) === 0)
    const step = followSpeaker(spotlit, heard, now)
    if (step.spotlit?.id !== spotlit?.id) {
      changes += 1
      expect(now - (spotlit?.since ?? Number.NEGATIVE_INFINITY)).toBeGreaterThanOrEqual(HOLD_MS)
      expect(heard).toContain(step.spotlit?.id)
    }
    spotlit = step.spotlit
  }
  expect(changes).toBeGreaterThan(50)
})
