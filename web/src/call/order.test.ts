import { expect, test } from 'vitest'
import { orderSeats, type Seat } from './order'

const seat = (id: string, change: Partial<Seat> = {}): Seat => ({
  id,
  isLocal: false,
  isSpeaking: false,
  lastSpokeAt: 0,
  ...change,
})

test('I come first, newcomers last, and nobody else moves', () => {
  expect(orderSeats(['me', 'b', 'a'], [seat('a'), seat('b'), seat('new'), seat('me', { isLocal: true })], 9)).toEqual([
    'me',
    'b',
    'a',
    'new',
  ])
})

test('who left is gone', () => {
  expect(orderSeats(['me', 'b', 'a'], [seat('a'), seat('me', { isLocal: true })], 9)).toEqual(['me', 'a'])
})

test('a speaker on a later page takes the place of the longest silent one on the first', () => {
  const seats = [
    seat('me', { isLocal: true }),
    seat('a', { lastSpokeAt: 500 }),
    seat('b', { lastSpokeAt: 100 }),
    seat('c'),
    seat('d', { isSpeaking: true }),
  ]

  expect(orderSeats(['me', 'a', 'b', 'c', 'd'], seats, 3)).toEqual(['me', 'a', 'd', 'c', 'b'])
})

test('speakers on the first page stay, and when all there speak nobody is moved', () => {
  const seats = [
    seat('me', { isLocal: true }),
    seat('a', { isSpeaking: true }),
    seat('b', { isSpeaking: true }),
    seat('c', { isSpeaking: true }),
  ]

  expect(orderSeats(['me', 'a', 'b', 'c'], seats, 3)).toEqual(['me', 'a', 'b', 'c'])
})

test('speaking on the page where all fit moves nobody', () => {
  const seats = [seat('me', { isLocal: true }), seat('a'), seat('b', { isSpeaking: true })]

  expect(orderSeats(['me', 'a', 'b'], seats, 9)).toEqual(['me', 'a', 'b'])
})
