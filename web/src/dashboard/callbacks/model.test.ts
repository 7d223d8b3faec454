import { describe, expect, it } from 'vitest'
import { type Delivery, fieldOf, isSuccess, lookOf, periodOf } from './model'

const DELIVERY: Delivery = {
  id: 1,
  event_id: 'msg_1',
  event: 'session:started',
  room_id: 'room',
  sequence: 1,
  url: 'https://example.com',
  status: 'pending',
  attempts: 0,
  created_at: '2026-11-22T12:00:00.000Z',
  last_status: null,
  last_error: null,
}

it('a delivery that is tried again stands out from one that is new', () => {
  expect(lookOf(DELIVERY)).toBe('plain')
  expect(lookOf({ ...DELIVERY, attempts: 1 })).toBe('warn')
  expect(lookOf({ ...DELIVERY, status: 'delivered', attempts: 3 })).toBe('good')
  expect(lookOf({ ...DELIVERY, status: 'stopped' })).toBe('danger')
})

it('only a status from 200 to 299 is a success', () => {
  const attempt = { number: 1, at: '', duration_ms: 1, error: null, excerpt: null }
  expect([199, 200, 204, 299, 300, null].map((status) => isSuccess({ ...attempt, status }))).toEqual([
    false,
    true,
    true,
    true,
    false,
    false,
  ])
})

describe('a period', () => {
  it('is what the fields say, in the zone of the person', () => {
    const start = new Date('2026-11-22T12:00:00.000Z')
    const end = new Date('2026-11-22T14:30:00.000Z')
    expect(periodOf(fieldOf(start), fieldOf(end))).toEqual({ from: start.toISOString(), to: end.toISOString() })
  })

  it('needs both moments, the first before the second', () => {
    expect(periodOf('', '2026-11-22T12:00')).toBe('missing')
    expect(periodOf('2026-11-22T12:00', '2026-11-22T12:00')).toBe('order')
  })
})
