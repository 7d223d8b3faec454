/** Months, tiers and the forecast, from the answers of `/usage`. Pure. */

export type Kind = 'participant' | 'recording'

export interface Used {
  participant_minutes: number
  recording_minutes: number
  cost: string
}

export interface UsageDay extends Used {
  date: string
}

export interface Usage extends Used {
  from: string
  to: string
  currency: string
  days: UsageDay[]
}

export interface Tier {
  kind: Kind
  above: number
  up_to: number | null
  price: string
}

/** The month of a moment (UTC), as `2026-11`. */
export function monthOf(now: Date): string {
  return now.toISOString().slice(0, 7)
}

/** The newest first: this month and those before it. */
export function recentMonths(now: Date, count: number): string[] {
  return Array.from({ length: count }, (_, back) =>
    monthOf(new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - back, 1))),
  )
}

/** The period of a month as `/usage` takes it; the current month ends with today. */
export function periodOf(month: string, now: Date): { from: string; to: string } {
  const [year, number] = partsOf(month)
  const end = new Date(Date.UTC(year, number, 1))
  return { from: `${month}-01T00:00:00.000Z`, to: (end > now ? nextMidnight(now) : end).toISOString() }
}

function nextMidnight(now: Date): Date {
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate() + 1))
}

function partsOf(month: string): [number, number] {
  const [year = 0, number = 0] = month.split('-').map(Number)
  return [year, number]
}

export interface Point {
  date: string
  value: number
}

export type Measure = 'cost' | 'participant' | 'recording'

export function measureOf(used: Used, measure: Measure): number {
  switch (measure) {
    case 'cost':
      return Number(used.cost)
    case 'participant':
      return used.participant_minutes
    case 'recording':
      return used.recording_minutes
  }
}

/** Each day of the month, those without usage and those to come as 0. */
export function pointsOf(month: string, days: readonly UsageDay[], measure: Measure): Point[] {
  const [year, number] = partsOf(month)
  const byDate = new Map(days.map((day) => [day.date, measureOf(day, measure)]))
  return Array.from({ length: new Date(Date.UTC(year, number, 0)).getUTCDate() }, (_, index) => {
    const date = `${month}-${String(index + 1).padStart(2, '0')}`
    return { date, value: byDate.get(date) ?? 0 }
  })
}

export interface TierShare extends Tier {
  used: number
  /** 0 to 1 of the tier; in the last one, which has no end, 1 as soon as it is used. */
  share: number
  isCurrent: boolean
}

/** The minutes of a kind, each in its tier. */
export function placeInTiers(tiers: readonly Tier[], kind: Kind, minutes: number): TierShare[] {
  const own = tiers.filter((tier) => tier.kind === kind).sort((one, other) => one.above - other.above)
  return own.map((tier) => {
    const used = Math.max(0, Math.min(minutes, tier.up_to ?? Number.POSITIVE_INFINITY) - tier.above)
    const size = tier.up_to === null ? null : tier.up_to - tier.above
    return {
      ...tier,
      used,
      share: size === null ? (used > 0 ? 1 : 0) : used / size,
      isCurrent: minutes >= tier.above && (tier.up_to === null || minutes < tier.up_to),
    }
  })
}

export interface Forecast {
  participant: number
  recording: number
  /** In the currency; an estimate, so no decimal text. */
  cost: number
}

const DAY_MS = 24 * 3600 * 1000

/**
 * The month's end if it goes on as until now, priced by the tiers it will reach. null within the
 * first day, which says nothing about a month, and for a month that is over.
 */
export function forecast(month: string, usage: Used, tiers: readonly Tier[], now: Date): Forecast | null {
  const [year, number] = partsOf(month)
  const start = Date.UTC(year, number - 1, 1)
  const end = Date.UTC(year, number, 1)
  const elapsed = now.getTime() - start
  if (elapsed < DAY_MS || now.getTime() >= end) {
    return null
  }
  const factor = (end - start) / elapsed
  const participant = usage.participant_minutes * factor
  const recording = usage.recording_minutes * factor
  const price = (kind: Kind, minutes: number) =>
    placeInTiers(tiers, kind, minutes).reduce((sum, tier) => sum + tier.used * Number(tier.price), 0)
  return { participant, recording, cost: price('participant', participant) + price('recording', recording) }
}

/** The dearest first. */
export function byCost<Item extends Used>(items: readonly Item[]): Item[] {
  return [...items].sort((one, other) => Number(other.cost) - Number(one.cost))
}
