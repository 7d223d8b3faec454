/**
 * The life of one person's connection to a meeting, as a state machine without I/O.
 *
 *   idle ──JoinAsked──▶ joining ──Admitted──▶ connecting ──Connected──▶ connected
 *                          ▲                      │                        │ ▲
 *                          │                      │            Interrupted │ │ Resumed
 *                       (waiting) ◀───Dropped─────┴──────────◀─────────────▼ │
 *                                                                     interrupted
 *
 * Where people have to wait before the door, joining leads to held instead: Held comes again with every answer of the
 * server, then Admitted or Denied. The token that waits may be forgotten meanwhile; then we join, and so wait, again.
 *
 * Rules of the file:
 * - `livekit-client` first tries to resume by itself (Interrupted, then Resumed or Dropped). Only when it gives up do we
 *   ask the server for a new admission, so a restart of the server heals without a click.
 * - A refusal before the person was inside closes the connection with its reason: the page shows it where they pressed
 *   join. After that, only refusals that time cannot cure close it; the others are retried.
 * - A connection that breaks soon after it was made does not count as a success: the waits go on growing, so that a
 *   server in trouble is not made busier.
 * - `closed` is final. A new attempt is a new connection.
 */
import type { PageErrorCode, WaitingReason } from '@/api/page'

export type CloseReason =
  | { kind: 'left' }
  /** The host ended the session, or the room's time was over. */
  | { kind: 'ended' }
  | { kind: 'removed' }
  /** The same participant connected from elsewhere. */
  | { kind: 'duplicate' }
  /** We tried to come back for `GIVE_UP_AFTER_MS` and could not. */
  | { kind: 'lost' }
  /** The owner did not let us in. */
  | { kind: 'denied' }
  | { kind: 'refused'; code: PageErrorCode }

/** Why somebody is held before the door; `full` once they may come in and there is no place. */
export type HoldReason = WaitingReason | 'full'

export type ConnectionState =
  | { phase: 'idle' }
  | { phase: 'joining'; attempt: number; wasInside: boolean; lostAt: number | null }
  /** `askedAt` is when the question under way was asked; null between two questions. */
  | { phase: 'held'; attempt: number; wasInside: boolean; reason: HoldReason; askedAt: number | null }
  | { phase: 'connecting'; attempt: number; wasInside: boolean; lostAt: number | null }
  | { phase: 'connected'; attempt: number; since: number }
  | { phase: 'interrupted'; attempt: number; since: number; lostAt: number }
  | { phase: 'waiting'; attempt: number; wasInside: boolean; lostAt: number }
  | { phase: 'closed'; reason: CloseReason }

/** Why the media connection ended, in our words; `call.ts` translates from the protocol. */
export type DropReason = 'left' | 'ended' | 'removed' | 'duplicate' | 'transient'

export type ConnectionEvent =
  | { type: 'JoinAsked' }
  | { type: 'Admitted' }
  | { type: 'Held'; reason: WaitingReason }
  | { type: 'Denied' }
  | { type: 'Refused'; code: PageErrorCode; retryAfter: number | null }
  | { type: 'Connected' }
  | { type: 'Interrupted' }
  | { type: 'Resumed' }
  | { type: 'Dropped'; reason: DropReason }
  | { type: 'WaitElapsed' }
  | { type: 'LeaveAsked' }

export type ConnectionCommand =
  | { type: 'AskAdmission' }
  | { type: 'AskWaiting' }
  | { type: 'Connect' }
  | { type: 'Wait'; milliseconds: number }
  | { type: 'Disconnect' }

export interface Step {
  state: ConnectionState
  commands: ConnectionCommand[]
}

export const GIVE_UP_AFTER_MS = 15 * 60_000
const LONGEST_WAIT_MS = 3_000
/** Two questions before the door are at least so far apart, however fast the server answers. */
export const HELD_PACE_MS = 1_000
/** A connection has proven itself when it held this long. */
const STABLE_AFTER_MS = 10_000
/** How often the first entry is tried again when the media connection fails, before the person is told. */
const FIRST_ENTRY_ATTEMPTS = 3

/** Refusals that waiting does not cure. */
const FINAL_CODES: ReadonlySet<PageErrorCode> = new Set<PageErrorCode>([
  'host_link_invalid',
  'invalid_input',
  'meeting_expired',
  'not_permitted',
  'unknown_meeting',
])

/**
 * @param now milliseconds of any monotonic clock
 * @param chance a fresh random number in [0, 1), which spreads out people who were dropped together
 */
export function handleConnectionEvent(
  state: ConnectionState,
  event: ConnectionEvent,
  now: number,
  chance: number,
): Step {
  if (state.phase === 'closed') {
    return stay(state)
  }
  switch (event.type) {
    case 'JoinAsked':
      return state.phase === 'idle'
        ? go({ phase: 'joining', attempt: 0, wasInside: false, lostAt: null }, { type: 'AskAdmission' })
        : stay(state)
    case 'Admitted':
      return admitted(state)
    case 'Held':
      return held(state, event.reason, now)
    case 'Denied':
      return state.phase === 'held' ? close({ kind: 'denied' }) : stay(state)
    case 'Refused':
      if (state.phase === 'held') {
        return refusedWhileHeld(state, event, now, chance)
      }
      return state.phase === 'joining' ? refused(state, event, now, chance) : stay(state)
    case 'Connected':
      return state.phase === 'connecting' ? go({ phase: 'connected', attempt: state.attempt, since: now }) : stay(state)
    case 'Interrupted':
      return state.phase === 'connected' ? go({ ...state, phase: 'interrupted', lostAt: now }) : stay(state)
    case 'Resumed':
      return state.phase === 'interrupted'
        ? go({ phase: 'connected', attempt: state.attempt, since: state.since })
        : stay(state)
    case 'Dropped':
      return dropped(state, event.reason, now, chance)
    case 'WaitElapsed':
      if (state.phase === 'held' && state.askedAt === null) {
        return go({ ...state, askedAt: now }, { type: 'AskWaiting' })
      }
      return state.phase === 'waiting'
        ? go({ ...state, phase: 'joining', attempt: state.attempt + 1 }, { type: 'AskAdmission' })
        : stay(state)
    case 'LeaveAsked':
      return go({ phase: 'closed', reason: { kind: 'left' } }, { type: 'Disconnect' })
  }
}

function admitted(state: ConnectionState): Step {
  switch (state.phase) {
    case 'joining':
      return go({ ...state, phase: 'connecting' }, { type: 'Connect' })
    case 'held':
      return go({ phase: 'connecting', attempt: 0, wasInside: state.wasInside, lostAt: null }, { type: 'Connect' })
    default:
      return stay(state)
  }
}

function held(state: ConnectionState, reason: WaitingReason, now: number): Step {
  switch (state.phase) {
    case 'joining': {
      const { attempt, wasInside } = state
      return go({ phase: 'held', attempt, wasInside, reason, askedAt: now }, { type: 'AskWaiting' })
    }
    case 'held': {
      const early = HELD_PACE_MS - (now - (state.askedAt ?? now))
      return early > 0
        ? go({ ...state, attempt: 0, reason, askedAt: null }, { type: 'Wait', milliseconds: early })
        : go({ ...state, attempt: 0, reason, askedAt: now }, { type: 'AskWaiting' })
    }
    default:
      return stay(state)
  }
}

function refusedWhileHeld(
  state: Extract<ConnectionState, { phase: 'held' }>,
  { code, retryAfter }: { code: PageErrorCode; retryAfter: number | null },
  now: number,
  chance: number,
): Step {
  const { attempt, wasInside } = state
  if (code === 'unknown_waiting') {
    return wait({ attempt: Math.max(1, attempt), wasInside, lostAt: null }, now, backoff(Math.max(1, attempt), chance))
  }
  if (FINAL_CODES.has(code)) {
    return close({ kind: 'refused', code })
  }
  const milliseconds = Math.max(backoff(attempt + 1, chance), (retryAfter ?? 0) * 1000)
  const reason = code === 'meeting_full' ? 'full' : state.reason
  return go({ ...state, attempt: attempt + 1, reason, askedAt: null }, { type: 'Wait', milliseconds })
}

function refused(
  state: Extract<ConnectionState, { phase: 'joining' }>,
  { code, retryAfter }: { code: PageErrorCode; retryAfter: number | null },
  now: number,
  chance: number,
): Step {
  if (code === 'removed') {
    return close({ kind: 'removed' })
  }
  if (!state.wasInside) {
    return close({ kind: 'refused', code })
  }
  if (FINAL_CODES.has(code)) {
    return close(
      code === 'meeting_expired' || code === 'unknown_meeting' ? { kind: 'ended' } : { kind: 'refused', code },
    )
  }
  return wait(state, now, Math.max(backoff(state.attempt, chance), (retryAfter ?? 0) * 1000))
}

function dropped(state: ConnectionState, reason: DropReason, now: number, chance: number): Step {
  if (reason !== 'transient') {
    return state.phase === 'connecting' || state.phase === 'connected' || state.phase === 'interrupted'
      ? close({ kind: reason })
      : stay(state)
  }
  switch (state.phase) {
    case 'connected':
    case 'interrupted': {
      const lostAt = state.phase === 'interrupted' ? state.lostAt : now
      const attempt = lostAt - state.since < STABLE_AFTER_MS ? Math.max(1, state.attempt) : 0
      return wait({ attempt, wasInside: true, lostAt }, now, backoff(attempt, chance))
    }
    case 'connecting':
      return !state.wasInside && state.attempt + 1 >= FIRST_ENTRY_ATTEMPTS
        ? close({ kind: 'refused', code: 'unavailable' })
        : wait(state, now, backoff(state.attempt, chance))
    default:
      return stay(state)
  }
}

/** The first try comes at once or nearly so; later ones at 0.5 to 1 times 1, 2 and then 3 seconds. */
export function backoff(attempt: number, chance: number): number {
  if (attempt === 0) {
    return Math.round(chance * 400)
  }
  return Math.round(Math.min(LONGEST_WAIT_MS, 1000 * 2 ** (attempt - 1)) * (0.5 + chance / 2))
}

function wait(
  { attempt, wasInside, lostAt }: { attempt: number; wasInside: boolean; lostAt: number | null },
  now: number,
  milliseconds: number,
): Step {
  const since = lostAt ?? now
  if (now - since > GIVE_UP_AFTER_MS) {
    return close({ kind: 'lost' })
  }
  return go({ phase: 'waiting', attempt, wasInside, lostAt: since }, { type: 'Wait', milliseconds })
}

function close(reason: CloseReason): Step {
  return go({ phase: 'closed', reason }, { type: 'Disconnect' })
}

function go(state: ConnectionState, ...commands: ConnectionCommand[]): Step {
  return { state, commands }
}

function stay(state: ConnectionState): Step {
  return { state, commands: [] }
}
