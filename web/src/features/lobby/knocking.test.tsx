import { act, renderHook } from '@testing-library/react'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Lobby } from '@/call/lobby'
import { playSound } from '@/lib/sounds'
import { aPerson } from '@/testing/builders'
import { useKnocking } from './useKnocking'

vi.mock('@/lib/sounds', () => ({ playSound: vi.fn() }))

beforeEach(() => {
  vi.useFakeTimers()
  vi.mocked(playSound).mockClear()
})
afterEach(() => {
  vi.useRealTimers()
})

function start(isPresenting = false) {
  const lobby = new Lobby({ list: async () => [], admit: async () => undefined, deny: async () => undefined })
  renderHook(() => useKnocking(lobby, isPresenting))
  return (...ids: string[]) =>
    act(() => lobby.update({ people: ids.map((id) => aPerson({ participant_id: id, name: id })) }))
}

function later(milliseconds: number) {
  act(() => vi.advanceTimersByTime(milliseconds))
}

test('who comes is heard at once; a crowd is heard once in 10 s', () => {
  const wait = start()
  wait('ada')
  expect(playSound).toHaveBeenCalledOnce()

  for (let count = 1; count <= 50; count += 1) {
    later(100)
    wait(...Array.from({ length: count }, (_, index) => `guest-${index}`))
  }
  expect(playSound).toHaveBeenCalledOnce()

  later(5_001)
  wait('bob')
  expect(playSound).toHaveBeenCalledTimes(2)
})

test('without an answer it knocks once more after a minute; the same people are no news', () => {
  const wait = start()
  wait('ada')
  later(20_000)
  expect(playSound).toHaveBeenCalledOnce()
  later(40_000)
  expect(playSound).toHaveBeenCalledTimes(2)
  later(600_000)
  expect(playSound).toHaveBeenCalledTimes(2)
})

test('nobody is heard who was let in', () => {
  const wait = start()
  wait('ada')
  wait()
  later(120_000)
  expect(playSound).toHaveBeenCalledExactlyOnceWith('knock')
})

test('nobody is heard while one presents; the title tells it all the same', () => {
  document.title = 'Weekly'
  const wait = start(true)
  wait('ada', 'bob')
  later(120_000)
  expect(playSound).not.toHaveBeenCalled()
  expect(document.title).toBe('(2) Weekly')
})
