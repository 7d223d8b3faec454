import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { FakeRoom } from '@/testing/fakeRoom'
import { PAUSE_MS, Speech } from './speech'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

test('time spoken adds up, without pauses that end an utterance', () => {
  const speech = new Speech(new FakeRoom().asRoom())
  expect(speech.spokenFor('ada')).toBe(0)
  speech.note(['ada'])
  vi.advanceTimersByTime(4000)
  expect(speech.spokenFor('ada')).toBe(4000)
  speech.note([])
  vi.advanceTimersByTime(PAUSE_MS + 60_000)
  expect(speech.spokenFor('ada')).toBe(4000)

  speech.note(['ada', 'bo'])
  vi.advanceTimersByTime(2000)
  expect([speech.spokenFor('ada'), speech.spokenFor('bo'), speech.spokenFor('cy')]).toEqual([6000, 2000, 0])
})

test('a pause between words belongs to the utterance and counts once', () => {
  const speech = new Speech(new FakeRoom().asRoom())
  speech.note(['ada'])
  vi.advanceTimersByTime(3000)
  speech.note([])
  vi.advanceTimersByTime(PAUSE_MS / 2)
  speech.note(['ada'])
  vi.advanceTimersByTime(1000)

  expect(speech.spokenFor('ada')).toBe(4000 + PAUSE_MS / 2)
})
