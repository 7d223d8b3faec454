import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { preferences } from '@/lib/preferences'
import { Cell } from '@/lib/store'
import type { InputsState } from './inputs'
import { MutedSpeech } from './mutedSpeech'

const level = vi.hoisted(() => ({ followers: [] as ((level: number) => void)[] }))
vi.mock('./level', () => ({
  followLevel: (_track: unknown, onLevel: (level: number) => void) => {
    level.followers.push(onLevel)
    return () => void level.followers.splice(level.followers.indexOf(onLevel), 1)
  },
}))

beforeEach(() => {
  vi.useFakeTimers()
  level.followers.length = 0
})
afterEach(() => {
  vi.useRealTimers()
  preferences.setTellsMutedSpeech(true)
})

function start(isForbidden = false) {
  const input = { isOn: true, isBusy: false, problem: null, isForbidden }
  const inputs = new Cell<InputsState>({ microphone: input, camera: input })
  const hold = new Cell({ isHeld: false })
  const copy = { enabled: false, stop: vi.fn() }
  const microphone = { readyState: 'live', clone: () => copy } as unknown as MediaStreamTrack
  const speech = new MutedSpeech({ inputs, hold, microphone: () => microphone })
  const turn = (isOn: boolean) => inputs.update({ microphone: { ...input, isOn } })
  return { speech, turn, hold, copy, isNoticed: () => speech.getSnapshot().isNoticed }
}

function talk(forMs: number): void {
  for (let passed = 0; passed < forMs; passed += 50) {
    vi.advanceTimersByTime(50)
    for (const follow of [...level.followers]) {
      follow(passed % 300 < 200 ? 0.7 : 0.1)
    }
  }
}

test('who speaks for three seconds, ten seconds after muting, is told so for ten seconds, once', () => {
  const { turn, isNoticed, copy } = start()
  turn(false)
  talk(9900)
  expect(level.followers).toHaveLength(0)
  talk(4500)
  expect(isNoticed()).toBe(true)
  expect(copy.stop).toHaveBeenCalled()
  vi.advanceTimersByTime(10_000)
  expect(isNoticed()).toBe(false)

  talk(20_000)
  expect(isNoticed()).toBe(false)
  turn(true)
  turn(false)
  talk(15_000)
  expect(isNoticed()).toBe(true)
})

test('unmuting puts the notice away and stops listening', () => {
  const { turn, isNoticed } = start()
  turn(false)
  talk(15_000)
  turn(true)

  expect(isNoticed()).toBe(false)
  expect(level.followers).toHaveLength(0)
})

test('nothing is said after a held key was let go', () => {
  const { turn, hold, isNoticed } = start()
  turn(false)
  hold.update({ isHeld: true })
  turn(true)
  hold.update({ isHeld: false })
  turn(false)
  talk(20_000)

  expect(isNoticed()).toBe(false)
})

test('nobody listens where it is switched off', () => {
  preferences.setTellsMutedSpeech(false)
  const { turn } = start()
  turn(false)
  talk(20_000)

  expect(level.followers).toHaveLength(0)
})

test('somebody who may not unmute is not told to', () => {
  const { turn, isNoticed } = start(true)
  turn(false)
  talk(20_000)

  expect(isNoticed()).toBe(false)
})
