import { expect, test } from 'vitest'
import { type Background, readBackground, SCENES, writeBackground } from './choice'
import { FOR_MS, HEIGHTS, Pace, Quality } from './pace'

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

test('the picture gets smaller first, and then only the effect is left to give up', () => {
  const pace = new Pace()
  const quality = new Quality()
  const steps: string[] = []
  for (let now = 0; now <= 2 * FOR_MS; now += 100) {
    if (pace.note(100, now) === 'slow') {
      steps.push(`${now}: ${quality.reduce() ? quality.height : 'off'}`)
    }
  }

  expect(steps).toEqual([`${FOR_MS}: ${HEIGHTS.reduced}`, `${2 * FOR_MS}: off`])
})

test('how many frames are too few is up to the page', () => {
  const patient = new Pace(0)
  const strict = new Pace(1000)
  const noted = [0, FOR_MS].map((now) => [patient.note(4000, now), strict.note(5, now)])

  expect(noted).toEqual([
    ['well', 'well'],
    ['well', 'slow'],
  ])
})
