import { describe, expect, it } from 'vitest'
import { lanesOf, renderAttendance, type Session, type Stay, ticksOf } from './model'

const NOW = new Date('2026-11-22T13:00:00.000Z')
const SESSION: Session = {
  id: 's',
  room_id: 'r',
  started_at: '2026-11-22T12:00:00.000Z',
  ended_at: '2026-11-22T12:10:00.000Z',
  duration: 600,
}

function stay(id: string, joined: string, left?: string, more: Partial<Stay> = {}): Stay {
  return {
    participant_id: id,
    name: id,
    type: 'Guest',
    is_host: false,
    joined_at: `2026-11-22T12:${joined}.000Z`,
    ...(left === undefined ? {} : { left_at: `2026-11-22T12:${left}.000Z` }),
    duration: 60,
    ...more,
  }
}

describe('the timeline', () => {
  it('has a lane for each person and a bar for each stay', () => {
    const lanes = lanesOf(
      SESSION,
      [stay('ada', '00:00', '05:00'), stay('bob', '02:30', '10:00'), stay('ada', '07:30', '10:00', { name: 'Ada L.' })],
      NOW,
    )
    expect(lanes.map(({ name, bars }) => [name, bars.map(({ start, length }) => [start, length])])).toEqual([
      [
        'Ada L.',
        [
          [0, 0.5],
          [0.75, 0.25],
        ],
      ],
      ['bob', [[0.25, 0.75]]],
    ])
  })

  it('lasts until now while somebody is inside', () => {
    const { ended_at: _, ...live } = SESSION
    const [lane] = lanesOf(live, [stay('ada', '30:00')], NOW)
    expect(lane?.bars[0]).toMatchObject({ start: 0.5, length: 0.5 })
  })

  it('stays within the session, also where clocks differ', () => {
    const [lane] = lanesOf(SESSION, [stay('ada', '09:00', '10:30')], NOW)
    expect(lane?.bars[0]?.start).toBe(0.9)
    expect(lane?.bars[0]?.length).toBeCloseTo(0.1)
  })

  it('has a few round times', () => {
    const ticks = ticksOf(SESSION, NOW)
    expect(ticks.map(({ at }) => new Date(at).toISOString().slice(14, 16))).toEqual([
      '00',
      '02',
      '04',
      '06',
      '08',
      '10',
    ])
    expect(ticks.at(-1)?.share).toBe(1)
  })

  it('of a moment has no more times than fit', () => {
    expect(ticksOf({ ...SESSION, ended_at: SESSION.started_at }, NOW)).toHaveLength(1)
    expect(ticksOf({ ...SESSION, ended_at: '2027-11-22T12:00:00.000Z' }, NOW).length).toBeLessThanOrEqual(6)
  })
})

it('attendance is a table that runs no formula', () => {
  const table = renderAttendance([stay('ada', '00:00', undefined, { name: '=1+1' })])
  expect(table).toBe(
    "participant_id,name,type,joined_at,left_at,duration\r\nada,'=1+1,Guest,2026-11-22T12:00:00.000Z,,60\r\n",
  )
})
