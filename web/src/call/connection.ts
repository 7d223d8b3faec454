/**
 * The life of one person's connection to a meeting, as a state machine without I/O.
 *
 *   idle ──JoinAsked──▶ joining ──Admitted──▶ connecting ──Connected──▶ connected
 *                          ▲                      │                        │ ▲
 *                          │                      │            Interrupted │ │ Resumed
 *                       (waiting) ◀───Dropped─────┴──────────◀─────────────▼ │
 *                                                                     interrupted
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
import type { PageErrorCode } from '@/api/page'

export type CloseReason =
  | { kind: 'left' }
  /** The host ended the session, or the room's time was over. */
  | { kind: 'ended' }
  | { kind: 'removed' }
  /** The same participant connected from elsewhere. */
  | { kind: 'duplicate' }
  /** We tried to come back for `GIVE_UP_AFTER_MS` and could not. */
  | { kind: 'lost' }
  | { kind: 'refused'; code: PageErrorCode }

export type ConnectionState =
  | { phase: 'idle' }
  | { phase: 'joining'; attempt: number; wasInside: boolean; lostAt: number | null }
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
  | { type: 'Refused'; code: PageErrorCode; retryAfter: number | null }
  | { type: 'Connected' }
  | { type: 'Interrupted' }
  | { type: 'Resumed' }
  | { type: 'Dropped'; reason: DropReason }
  | { type: 'WaitElapsed' }
  | { type: 'LeaveAsked' }

export type ConnectionCommand =
  | { type: 'AskAdmission' }
  | { type: 'Connect' }
  | { type: 'Wait'; milliseconds: number }
  | { type: 'Disconnect' }

export interface Step {
  state: ConnectionState
  commands: ConnectionCommand[]
}

export const GIVE_UP_AFTER_MS = 15 * 60_000
const LONGEST_WAIT_MS = 3_000
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
      return state.phase === 'joining' ? go({ ...state, phase: 'connecting' }, { type: 'Connect' }) : stay(state)
    case 'Refused':
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
      return state.phase === 'waiting'
        ? go({ ...state, phase: 'joining', attempt: state.attempt + 1 }, { type: 'AskAdmission' })
        : stay(state)
    case 'LeaveAsked':
      return go({ phase: 'closed', reason: { kind: 'left' } }, { type: 'Disconnect' })
  }
}

function refused(
  state: Extract<ConnectionState, { phase: 'joining' }>,
  { code, retryAfter }: { code: PageErrorCode; retryAfter: number | null },
  now: number,
  chance: number,
): Step {
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
