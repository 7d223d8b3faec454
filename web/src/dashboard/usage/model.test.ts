import { describe, expect, it } from 'vitest'
import { byCost, forecast, periodOf, placeInTiers, pointsOf, recentMonths, type Tier } from './model'

const TIERS: Tier[] = [
  { kind: 'participant', above: 0, up_to: 100, price: '0.01' },
  { kind: 'participant', above: 100, up_to: null, price: '0.005' },
  { kind: 'recording', above: 0, up_to: null, price: '0.02' },
]

describe('months', () => {
  it('are listed backwards over the turn of the year', () => {
    expect(recentMonths(new Date('2026-01-31T23:59:59Z'), 3)).toEqual(['2026-01', '2025-12', '2025-11'])
  })

  it('end at the next midnight while they last, else with their last day', () => {
    const now = new Date('2026-11-22T12:00:00Z')
    expect(periodOf('2026-11', now)).toEqual({ from: '2026-11-01T00:00:00.000Z', to: '2026-11-23T00:00:00.000Z' })
    expect(periodOf('2026-10', now).to).toBe('2026-11-01T00:00:00.000Z')
    expect(periodOf('2026-11', new Date('2026-11-30T23:00:00Z')).to).toBe('2026-12-01T00:00:00.000Z')
  })

  it('have a point for each day', () => {
    const day = { date: '2028-02-29', participant_minutes: 5, recording_minutes: 2, cost: '0.1' }
    const points = pointsOf('2028-02', [day], 'recording')
    expect(points).toHaveLength(29)
    expect(points.at(-1)).toEqual({ date: '2028-02-29', value: 2 })
    expect(points[0]?.value).toBe(0)
  })
})

describe('tiers', () => {
  it('take the minutes one after the other', () => {
    expect(
      placeInTiers(TIERS, 'participant', 150).map(({ used, share, isCurrent }) => [used, share, isCurrent]),
    ).toEqual([
      [100, 1, false],
      [50, 1, true],
    ])
  })

  it('begin a tier exactly at its border', () => {
    expect(placeInTiers(TIERS, 'participant', 100).map(({ isCurrent }) => isCurrent)).toEqual([false, true])
    expect(placeInTiers(TIERS, 'participant', 0).map(({ isCurrent }) => isCurrent)).toEqual([true, false])
  })
})

describe('the forecast', () => {
  const usage = { participant_minutes: 90, recording_minutes: 10, cost: '1.1' }

  it('prices what is to come by the tiers that it reaches', () => {
    const found = forecast('2026-11', usage, TIERS, new Date('2026-11-16T00:00:00Z'))
    expect(found).toEqual({ participant: 180, recording: 20, cost: 100 * 0.01 + 80 * 0.005 + 20 * 0.02 })
  })

  it('is not made from less than a day, nor for a month that is over', () => {
    expect(forecast('2026-11', usage, TIERS, new Date('2026-11-01T23:59:59Z'))).toBeNull()
    expect(forecast('2026-11', usage, TIERS, new Date('2026-12-01T00:00:00Z'))).toBeNull()
  })
})

it('puts the dearest first', () => {
  const used = (cost: string) => ({ participant_minutes: 0, recording_minutes: 0, cost })
  expect(byCost([used('9.5'), used('10'), used('0.1')]).map(({ cost }) => cost)).toEqual(['10', '9.5', '0.1'])
})
