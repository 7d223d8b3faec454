import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { preferences, type SoundSwitch } from './preferences'

/** The tones that were started, in hertz, and how loud. */
let tones: { hertz: number; loudness: number }[] = []

class FakeAudioContext {
  currentTime = 0
  destination = {}
  createOscillator() {
    const oscillator = {
      frequency: { value: 0 },
      gain: undefined as undefined | { loudness: number },
      connect: (gain: { loudness: number }) => {
        oscillator.gain = gain
        return { connect: () => undefined }
      },
      start: () => void tones.push({ hertz: oscillator.frequency.value, loudness: oscillator.gain?.loudness ?? 0 }),
      stop: () => undefined,
    }
    return oscillator
  }
  createGain() {
    const node = {
      loudness: 0,
      gain: {
        setValueAtTime: (value: number) => {
          node.loudness = value
        },
        exponentialRampToValueAtTime: () => undefined,
      },
      connect: () => undefined,
    }
    return node
  }
  close = async () => undefined
}

/** A page that has just been loaded. */
async function load() {
  vi.resetModules()
  const sounds = await import('./sounds')
  const { preferences: own } = await import('./preferences')
  return { ...sounds, preferences: own }
}

beforeEach(() => {
  tones = []
  localStorage.clear()
  vi.useFakeTimers()
  vi.stubGlobal('AudioContext', FakeAudioContext)
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

const SWITCHES = [
  ['knock', 'knock', true],
  ['hand', 'hand', true],
  ['admitted', 'admitted', true],
  ['join', 'comings', true],
  ['leave', 'comings', true],
  ['message', 'message', false],
] as const

test.each(SWITCHES)('%s has a switch, which is remembered', async (name, which: SoundSwitch, isOnAtFirst) => {
  const { playSound, preferences: first } = await load()
  playSound(name)
  expect(tones.length > 0).toBe(isOnAtFirst)

  first.setSound(which, !isOnAtFirst)
  tones = []
  const again = await load()
  again.playSound(name)
  expect(tones.length > 0).toBe(!isOnAtFirst)
})

test('every sound is another one', async () => {
  const melodies: string[] = []
  for (const [name] of SWITCHES) {
    tones = []
    const { playSound, preferences: own } = await load()
    own.setSound('message', true)
    playSound(name)
    melodies.push(tones.map(({ hertz }) => hertz).join())
  }
  expect(new Set(melodies).size).toBe(SWITCHES.length)
})

test('of all that happens within two seconds one sound is heard', async () => {
  const { playSound, LEAST_PAUSE_MS } = await load()
  playSound('knock')
  const heard = tones.length
  for (const [name] of SWITCHES) {
    playSound(name)
  }
  vi.advanceTimersByTime(LEAST_PAUSE_MS - 1)
  playSound('hand')
  expect(tones).toHaveLength(heard)
  vi.advanceTimersByTime(1)
  playSound('hand')
  expect(tones.length).toBeGreaterThan(heard)
})

test('a sound that is switched off does not hold back the next one', async () => {
  const { playSound, preferences: own } = await load()
  own.setSound('knock', false)
  playSound('knock')
  playSound('hand')
  expect(tones.length).toBeGreaterThan(0)
})

test('one volume for all, down to nothing', async () => {
  const { playSample, LEAST_PAUSE_MS, preferences: own } = await load()
  own.setSoundVolume(100)
  playSample()
  vi.advanceTimersByTime(LEAST_PAUSE_MS)
  own.setSoundVolume(25)
  playSample()
  vi.advanceTimersByTime(LEAST_PAUSE_MS)
  own.setSoundVolume(0)
  playSample()
  expect(tones.map(({ loudness }) => loudness)).toEqual([0.4, 0.1])
})

test.each(['300', '-1', 'loud', ''])('a remembered volume that is none: %s', async (remembered) => {
  localStorage.setItem('moothall.soundVolume', remembered)
  const { preferences: own } = await load()
  const { soundVolume } = own.getSnapshot()
  expect(soundVolume >= 0 && soundVolume <= 100).toBe(true)
})

test('where sound is held back nothing fails', async () => {
  vi.stubGlobal(
    'AudioContext',
    class {
      constructor() {
        throw new Error('no sound')
      }
    },
  )
  const { playSound } = await load()
  expect(() => playSound('knock')).not.toThrow()
  expect(preferences.getSnapshot().soundVolume).toBe(50)
})
