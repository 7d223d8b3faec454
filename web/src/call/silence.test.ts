import { expect, test } from 'vitest'
import { SilenceWatch } from './silence'

const NOTHING = { peak: 0, isListening: true }

test('five seconds without a single sound are silence, and a sound ends it', () => {
  const watch = new SilenceWatch()

  expect(watch.look(NOTHING, 1_000)).toBe(false)
  expect(watch.look(NOTHING, 5_999)).toBe(false)
  expect(watch.look(NOTHING, 6_000)).toBe(true)
  expect(watch.look({ ...NOTHING, peak: 0.00003 }, 6_050)).toBe(false)
  expect(watch.look(NOTHING, 6_100)).toBe(false)
  expect(watch.look(NOTHING, 11_100)).toBe(true)
})

test('a quiet room is not silence', () => {
  const watch = new SilenceWatch()

  expect([0, 2_000, 4_000, 6_000, 8_000].map((now) => watch.look({ peak: 0.00001, isListening: true }, now))).toEqual(
    Array(5).fill(false),
  )
})

test('time in which nobody listened does not count', () => {
  const watch = new SilenceWatch()
  watch.look(NOTHING, 0)
  watch.look({ peak: 0, isListening: false }, 4_000)

  expect(watch.look(NOTHING, 7_000)).toBe(false)
  expect(watch.look(NOTHING, 12_000)).toBe(true)
})
