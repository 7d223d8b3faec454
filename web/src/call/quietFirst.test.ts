import { expect, test } from 'vitest'
import { quietFirst, STEP_MS } from './quietFirst'

const order = (ids: readonly string[], spoken: Record<string, number>) => quietFirst(ids, (id) => spoken[id] ?? 0)

test('those who have spoken least come first', () => {
  expect(order(['ada', 'bo', 'cy'], { ada: 3 * STEP_MS, bo: STEP_MS })).toEqual(['cy', 'bo', 'ada'])
})

test('those who have spoken for about as long stay in the order of raising', () => {
  expect(order(['ada', 'bo', 'cy'], { ada: STEP_MS - 1, cy: 1 })).toEqual(['ada', 'bo', 'cy'])
  expect(order(['ada', 'bo', 'cy'], { ada: STEP_MS, bo: 2 * STEP_MS - 1, cy: STEP_MS })).toEqual(['ada', 'bo', 'cy'])
})

test('nobody is lost, and what is given is not changed', () => {
  const ids = Object.freeze(['ada', 'bo', 'cy', 'di'])
  expect(order(ids, { ada: 5 * STEP_MS, cy: 2 * STEP_MS }).toSorted()).toEqual([...ids])
})
