import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Announcer } from './announcer'

let announcer: Announcer
let heard: string[]

beforeEach(() => {
  vi.useFakeTimers()
  announcer = new Announcer()
  heard = []
  let key = 0
  announcer.subscribe(() => {
    const { polite } = announcer.getSnapshot()
    if (polite.key !== key && polite.text !== '') {
      heard.push(polite.text)
    }
    key = polite.key
  })
})
afterEach(() => {
  vi.useRealTimers()
})

test('the first sentence is read at once, the others one a second', () => {
  for (const text of ['one', 'two', 'three']) {
    announcer.say(text)
  }
  expect(heard).toEqual(['one'])
  vi.advanceTimersByTime(999)
  expect(heard).toEqual(['one'])
  vi.advanceTimersByTime(1001)
  expect(heard).toEqual(['one', 'two', 'three'])
})

test('the same sentence is read once while it waits or was just read, and again later', () => {
  announcer.say('one')
  announcer.say('one')
  announcer.say('two')
  announcer.say('two')
  vi.advanceTimersByTime(5000)
  expect(heard).toEqual(['one', 'two'])

  announcer.say('two')
  expect(heard).toEqual(['one', 'two', 'two'])
})

test('what has waited for more than ten seconds is not read', () => {
  for (let number = 1; number <= 15; number += 1) {
    announcer.say(`sentence ${number}`)
  }
  vi.advanceTimersByTime(60_000)
  expect(heard).toEqual(Array.from({ length: 11 }, (_, index) => `sentence ${index + 1}`))
})

test('a flood is bounded: the oldest of what waits goes', () => {
  for (let number = 1; number <= 1000; number += 1) {
    announcer.say(`${number}`)
  }
  vi.advanceTimersByTime(2000)
  expect(heard).toEqual(['1', '981', '982'])
})

test('what cannot wait does not, and does not disturb the queue', () => {
  announcer.say('one')
  announcer.say('two')
  announcer.interrupt('You were muted')
  expect(announcer.getSnapshot().assertive.text).toBe('You were muted')
  vi.advanceTimersByTime(1000)
  expect(heard).toEqual(['one', 'two'])
})

test('what was read does not stay', () => {
  announcer.say('one')
  announcer.interrupt('now')
  vi.advanceTimersByTime(11_000)
  expect(announcer.getSnapshot()).toMatchObject({ polite: { text: '' }, assertive: { text: '' } })
})
