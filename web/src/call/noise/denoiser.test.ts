import create from '@jitsi/rnnoise-wasm/dist/rnnoise-sync.js'
import { expect, test } from 'vitest'
import { Denoiser, FRAME, SAMPLE_RATE } from './denoiser'

/** Noise of every frequency alike, the same in each run. */
function noise(length: number, loudness: number): Float32Array {
  let seed = 1
  return Float32Array.from({ length }, () => {
    seed = (seed * 1_664_525 + 1_013_904_223) % 2 ** 32
    return (seed / 2 ** 31 - 1) * loudness
  })
}

/** Harmonics that rise and fall in syllables, as in e2e/voice.py. */
function voice(length: number, loudness: number): Float32Array {
  let phase = 0
  return Float32Array.from({ length }, (_, index) => {
    const at = index / SAMPLE_RATE
    phase += (2 * Math.PI * (150 + 25 * Math.sin(2 * Math.PI * 0.7 * at))) / SAMPLE_RATE
    const syllable = Math.max(0, Math.sin(Math.PI * 3.5 * at)) ** 0.5
    let tone = 0
    for (let harmonic = 1; harmonic < 12; harmonic += 1) {
      tone += Math.sin(phase * harmonic) / harmonic / 2
    }
    return loudness * syllable * Math.max(-1, Math.min(1, tone))
  })
}

const energy = (samples: Float32Array) => samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length
const decibels = (ratio: number) => 10 * Math.log10(ratio)

function clean(samples: Float32Array, block = 128): Float32Array {
  const denoiser = new Denoiser(create())
  const cleaned = new Float32Array(samples.length)
  for (let at = 0; at < samples.length; at += block) {
    denoiser.process(samples.subarray(at, at + block), cleaned.subarray(at, at + block))
  }
  denoiser.destroy()
  return cleaned
}

test('noise alone becomes at least 20 dB quieter', () => {
  const before = noise(3 * SAMPLE_RATE, 0.05)
  const after = clean(before)

  // The filter needs a moment to know the noise.
  expect(decibels(energy(before) / energy(after.subarray(SAMPLE_RATE)))).toBeGreaterThan(20)
})

test('a voice stays: it loses less than 6 dB', () => {
  const before = voice(3 * SAMPLE_RATE, 0.5)
  const after = clean(before)

  expect(Math.abs(decibels(energy(before) / energy(after)))).toBeLessThan(6)
})

test('blocks of any length give the same samples, one frame later', () => {
  const before = voice(FRAME * 32, 0.5)
  const [inBlocks, inFrames] = [clean(before, 96), clean(before, FRAME)]

  expect(inBlocks.subarray(0, FRAME).every((sample) => sample === 0)).toBe(true)
  expect(energy(inBlocks)).toBeGreaterThan(0)
  expect([...inBlocks]).toEqual([...inFrames])
})
