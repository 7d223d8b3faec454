import { expect, test } from 'vitest'
import { type Background, readBackground, SCENES, writeBackground } from './choice'
import { FOR_MS, Pace } from './pace'

test('every choice is read as it was written', () => {
  const all: Background[] = [
    { kind: 'off' },
    { kind: 'blur', strength: 'light' },
    { kind: 'blur', strength: 'strong' },
    ...SCENES.map((scene) => ({ kind: 'scene', scene }) as const),
    { kind: 'theme', url: '/files/backgrounds/4f1c0c1e-0000-4000-8000-000000000001.jpg' },
    { kind: 'own', id: '4f1c0c1e-0000-4000-8000-000000000001' },
  ]

  expect(all.map((one) => readBackground(writeBackground(one)))).toEqual(all)
})

test('anything else is none', () => {
  for (const text of [null, '', 'blur', 'blur:very', 'scene:moon', 'own:', 'theme:', 'constructor:x']) {
    expect(readBackground(text), String(text)).toEqual({ kind: 'off' })
  }
})

/** The verdicts over some seconds of frames that take so long each. */
function verdicts(tookMs: number, seconds: number): string[] {
  const pace = new Pace()
  const all: string[] = []
  for (let now = 0; now <= seconds * 1000; now += Math.max(tookMs, 33)) {
    all.push(pace.note(tookMs, now))
  }
  return all
}

test('fewer than 12 frames a second for five seconds are too slow', () => {
  expect(verdicts(90, 4.9)).not.toContain('slow')
  expect(verdicts(90, 6)).toContain('slow')
  expect(verdicts(80, 20)).not.toContain('slow')
})

test('a camera that gives few frames is not slow, and neither is a page that was hidden', () => {
  const pace = new Pace()
  const noted = [0, 500, 1000, 60_000, 60_500, 66_000].map((now) => pace.note(20, now))

  expect(noted).not.toContain('slow')
})

test('after a verdict the count begins anew', () => {
  const pace = new Pace()
  pace.note(200, 0)
  expect(pace.note(200, FOR_MS)).toBe('slow')
  expect(pace.note(200, FOR_MS + 100)).toBe('well')
})
