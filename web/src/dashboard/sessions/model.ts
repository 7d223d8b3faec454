/** The timeline of a session and its attendance. Pure. */
import { renderTable } from '@/lib/csv'

export interface Session {
  id: string
  room_id: string
  started_at: string
  ended_at?: string
  duration: number
}

export interface Stay {
  participant_id: string
  name: string
  type: string
  is_host: boolean
  joined_at: string
  left_at?: string
  duration: number
}

export interface Bar {
  stay: Stay
  /** Parts of the timeline, 0 to 1. */
  start: number
  length: number
}

export interface Lane {
  id: string
  name: string
  isHost: boolean
  bars: Bar[]
}

/** A lane for each person, in the order of coming, with a bar for each stay. */
export function lanesOf(session: Session, stays: readonly Stay[], now: Date): Lane[] {
  const start = new Date(session.started_at).getTime()
  const end = endOf(session, now)
  const whole = Math.max(1, end - start)
  const lanes = new Map<string, Lane>()
  for (const stay of stays) {
    const from = clamp((new Date(stay.joined_at).getTime() - start) / whole)
    const to = clamp(((stay.left_at === undefined ? end : new Date(stay.left_at).getTime()) - start) / whole)
    const lane = lanes.get(stay.participant_id) ?? { id: stay.participant_id, name: '', isHost: false, bars: [] }
    // The last name, because people may change theirs.
    lanes.set(stay.participant_id, {
      ...lane,
      name: stay.name,
      isHost: lane.isHost || stay.is_host,
      bars: [...lane.bars, { stay, start: from, length: Math.max(0, to - from) }],
    })
  }
  return [...lanes.values()]
}

function clamp(share: number): number {
  return Math.min(1, Math.max(0, share))
}

function endOf(session: Session, now: Date): number {
  return session.ended_at === undefined ? now.getTime() : new Date(session.ended_at).getTime()
}

export interface Tick {
  at: number
  /** Part of the timeline, 0 to 1. */
  share: number
}

const STEPS_S = [10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400]
const MOST_TICKS = 5

/** Round times along the timeline, at most five. */
export function ticksOf(session: Session, now: Date): Tick[] {
  const start = new Date(session.started_at).getTime()
  const whole = Math.max(1, endOf(session, now) - start)
  const step = (STEPS_S.find((seconds) => whole / (seconds * 1000) <= MOST_TICKS) ?? Math.ceil(whole / 5000)) * 1000
  const ticks: Tick[] = []
  for (let at = Math.ceil(start / step) * step; at <= start + whole; at += step) {
    ticks.push({ at, share: (at - start) / whole })
  }
  return ticks
}

const COLUMNS = ['participant_id', 'name', 'type', 'joined_at', 'left_at', 'duration'] as const

/** The attendance for spreadsheets; the times are in UTC, the duration in seconds. */
export function renderAttendance(stays: readonly Stay[]): string {
  return renderTable([[...COLUMNS], ...stays.map((stay) => COLUMNS.map((column) => stay[column] ?? ''))])
}
