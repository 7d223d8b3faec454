/** Deliveries, their looks, and periods. Pure. */
import type { BadgeLook } from '../ui/Screen'

export type DeliveryStatus = 'pending' | 'delivered' | 'failed' | 'stopped'
export const STATUSES: readonly DeliveryStatus[] = ['pending', 'delivered', 'failed', 'stopped']

export const EVENTS = [
  'room:expired',
  'session:started',
  'session:ended',
  'session:participant:joined',
  'session:participant:left',
  'recording:started',
  'recording:ended',
  'recording:uploaded',
] as const

export interface Delivery {
  id: number
  event_id: string
  event: string
  room_id: string
  sequence: number
  url: string
  status: DeliveryStatus
  attempts: number
  created_at: string
  next_attempt_at?: string
  last_attempt_at?: string
  last_status: number | null
  last_error: string | null
}

export interface Attempt {
  number: number
  at: string
  duration_ms: number
  status: number | null
  error: string | null
  excerpt: string | null
}

export interface DeliveryWithAttempts extends Delivery {
  /** The payload. */
  body: Record<string, unknown>
  log: Attempt[]
}

/** A pending delivery that has failed before is worth a look. */
export function lookOf({ status, attempts }: Delivery): BadgeLook {
  switch (status) {
    case 'delivered':
      return 'good'
    case 'pending':
      return attempts > 0 ? 'warn' : 'plain'
    case 'failed':
    case 'stopped':
      return 'danger'
  }
}

export function isSuccess({ status }: Attempt): boolean {
  return status !== null && status >= 200 && status < 300
}

export interface Filters {
  room: string
  event: string
  status: string
}

export const NO_FILTERS: Filters = { room: '', event: '', status: '' }

/** The period as the API takes it, from two fields, which are in the person's own zone. */
export function periodOf(from: string, to: string): { from: string; to: string } | 'missing' | 'order' {
  const [start, end] = [new Date(from), new Date(to)]
  if (Number.isNaN(start.getTime()) || Number.isNaN(end.getTime())) {
    return 'missing'
  }
  return start < end ? { from: start.toISOString(), to: end.toISOString() } : 'order'
}

/** A moment as `<input type="datetime-local">` takes it. */
export function fieldOf(moment: Date): string {
  return new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}
