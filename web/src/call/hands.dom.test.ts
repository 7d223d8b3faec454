import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Cell } from '@/lib/store'
import { Commander } from './commander'
import { ASK_AFTER_MS, Hands, LOWER_AFTER_MS } from './hands'
import type { ParticipantsState } from './participants'
import { SPOKEN_FOR_MS, type SpeechState } from './speech'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function start(inside: readonly string[] = ['me', 'ada', 'bo'], spoken: Record<string, number> = {}) {
  const sent: unknown[] = []
  const commander = new Commander(async (command, body) => {
    sent.push([command, body])
  })
  const state = new Cell({ entries: new Map<string, unknown>() })
  const people = (ids: readonly string[]) =>
    ({ all: ids.map((id) => ({ id })), startedAt: null }) as unknown as ParticipantsState // only ids are read
  const participants = new Cell(people(inside))
  const speech = new Cell<SpeechState>({ heard: new Set() })
  const spokenFor = (id: string) => spoken[id] ?? 0
  const hands = new Hands({ state, participants, speech, spokenFor, commander, me: () => 'me' })
  const raise = (orders: Record<string, number>) =>
    state.update({ entries: new Map(Object.entries(orders).map(([id, order]) => [`hand:${id}`, { order }])) })
  const speak = (...ids: string[]) => speech.update({ heard: new Set(ids) })
  return { hands, sent, raise, speak, come: (ids: readonly string[]) => participants.update(people(ids)) }
}

test('hands stand in the order of the server, without those of people who are away', () => {
  const { hands, raise, come } = start()
  raise({ bo: 9, gone: 1, ada: 4 })
  expect(hands.getSnapshot().raised).toEqual(['ada', 'bo'])
  expect([hands.placeOf('ada'), hands.placeOf('bo'), hands.placeOf('me')]).toEqual([1, 2, null])

  come(['me', 'ada', 'bo', 'gone'])
  expect(hands.placeOf('bo')).toBe(3)
})

test('a host may list those first who have spoken least; numbers stay, and speech alone moves nobody', () => {
  const spoken: Record<string, number> = { ada: 60_000, bo: 20_000 }
  const { hands, raise, speak } = start(['me', 'ada', 'bo'], spoken)
  raise({ ada: 1, bo: 2 })
  expect(hands.getSnapshot().listed).toEqual(['ada', 'bo'])

  hands.setQuietFirst(true)
  expect(hands.getSnapshot().listed).toEqual(['bo', 'ada'])
  expect([hands.placeOf('ada'), hands.placeOf('bo')]).toEqual([1, 2])
  spoken.bo = 90_000
  speak('bo')
  expect(hands.getSnapshot().listed).toEqual(['bo', 'ada'])
  raise({ ada: 1, bo: 2, me: 3 })
  expect(hands.getSnapshot().listed).toEqual(['me', 'ada', 'bo'])

  hands.setQuietFirst(false)
  expect(hands.getSnapshot().listed).toEqual(['ada', 'bo', 'me'])
})

test('the button asks for the opposite of what is', () => {
  const { hands, sent, raise } = start()
  hands.toggle()
  raise({ me: 1 })
  hands.toggle()

  expect(sent).toEqual([
    ['raiseHand', { raised: true }],
    ['raiseHand', { raised: false }],
  ])
})

test('speech with a raised hand adds up to a question, and without an answer the hand goes down', () => {
  const { hands, sent, raise, speak } = start()
  speak('me')
  vi.advanceTimersByTime(60_000)
  expect(hands.getSnapshot().isAsked).toBe(false)
  speak()

  raise({ me: 1 })
  // Two times of speech, which count from their beginning, with silence between them.
  for (const _ of [1, 2]) {
    speak('me')
    vi.advanceTimersByTime(ASK_AFTER_MS / 2 - SPOKEN_FOR_MS - 100)
    expect(hands.getSnapshot().isAsked).toBe(false)
    speak()
    vi.advanceTimersByTime(30_000)
  }
  speak('me')
  vi.advanceTimersByTime(1)
  expect(hands.getSnapshot().isAsked).toBe(true)
  expect(sent).toEqual([])

  vi.advanceTimersByTime(LOWER_AFTER_MS)
  expect(sent).toEqual([['raiseHand', { raised: false }]])
  expect(hands.getSnapshot().isAsked).toBe(false)
})

test('who keeps it raised is not asked again, until it was down', () => {
  const { hands, sent, raise, speak } = start()
  raise({ me: 1 })
  speak('me')
  vi.advanceTimersByTime(ASK_AFTER_MS)
  hands.keep()
  expect(hands.getSnapshot().isAsked).toBe(false)
  speak()
  speak('me')
  vi.advanceTimersByTime(60_000)
  expect(hands.getSnapshot().isAsked).toBe(false)
  expect(sent).toEqual([])

  speak()
  raise({})
  raise({ me: 2 })
  speak('me')
  vi.advanceTimersByTime(ASK_AFTER_MS)
  expect(hands.getSnapshot().isAsked).toBe(true)
})

test('a hand that somebody else lowers ends the question', () => {
  const { hands, sent, raise, speak } = start()
  raise({ me: 1 })
  speak('me')
  vi.advanceTimersByTime(ASK_AFTER_MS)
  raise({})
  vi.advanceTimersByTime(LOWER_AFTER_MS)

  expect(hands.getSnapshot().isAsked).toBe(false)
  expect(sent).toEqual([])
})
