import { expect, test } from 'vitest'
import { SPEECH_MS, SpeechCounter } from './mutedSpeech'

/** When these levels, one each 50 ms, are taken for speech; null for never. */
function noticedAt(levels: (at: number) => number, until = 20_000): number | null {
  const counter = new SpeechCounter()
  for (let at = 0; at <= until; at += 50) {
    if (counter.note(levels(at), at)) {
      return at
    }
  }
  return null
}

/** A syllable each 300 ms over the noise of a room. */
const speech = (at: number, noise = 0.1) => (at % 300 < 200 ? 0.7 : noise)

test('three seconds of speech are noticed, and not sooner', () => {
  const at = noticedAt((now) => speech(now))

  expect(at).toBeGreaterThanOrEqual(SPEECH_MS)
  expect(at).toBeLessThan(SPEECH_MS + 600)
})

test('speech in a noisy room is noticed', () => {
  expect(noticedAt((at) => speech(at, 0.4))).not.toBeNull()
})

test('silence, a steady noise, and a noise that slowly rises are no speech', () => {
  expect(noticedAt(() => 0)).toBeNull()
  expect(noticedAt(() => 0.6)).toBeNull()
  expect(noticedAt((at) => 0.2 + Math.min(0.5, at / 20_000))).toBeNull()
})

test('a sentence of two seconds is not noticed, also when another follows after a while', () => {
  expect(noticedAt((at) => (at % 4000 < 2000 ? speech(at) : 0.1))).toBeNull()
})

test('a clap now and then is no speech', () => {
  expect(noticedAt((at) => (at % 700 < 50 ? 0.9 : 0.1))).toBeNull()
})
