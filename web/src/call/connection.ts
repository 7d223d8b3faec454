/**
 * The life of one person's connection to a meeting, as a state machine without I/O.
 *
 *   idle ──JoinAsked──▶ joining ──Admitted──▶ connecting ──Connected──▶ connected
 *                          ▲                      │                        │ ▲
 *                          │                      │            Interrupted │ │ Resumed
 *                       backoff ◀────Dropped──────┴──────────◀─────────────▼ │
 *                                                                     interrupted
 *
 * Where guests have to wait in the lobby, joining leads there: SentToLobby comes again with every
 * answer of the server, then Admitted or Denied. The server may forget the lobby token; then we
 * join, and so wait, again.
 *
 * Rules of the file:
 * - `livekit-client` first tries to resume by itself (Interrupted, then Resumed or Dropped). Only
 * when it gives up do
 *   we ask the server for a new join ticket, so a restart of the server heals without a click.
 * - A refusal before the person was inside closes the connection with its reason: the page shows it
 * where they pressed
 *   join. After that, only refusals that time cannot cure close it; the others are retried.
 * - A connection that breaks soon after it was made does not count as a success: the backoff goes
 * on growing, so that
 *   a server in trouble is not made busier.
 * - `closed` is final. A new attempt is a new connection.
 */
import type { LobbyReason, PageErrorCode } from '@/api/page'

export type CloseReason =
  | { kind: 'left' }
  /** The host ended the session, or the room's time was over. */
  | { kind: 'ended' }
  | { kind: 'removed' }
  /** The same participant connected from elsewhere. */
  | { kind: 'duplicate' }
  /** We tried to come back for `GIVE_UP_AFTER_MS` and could not. */
  | { kind: 'lost' }
  /**
   * The owner did not let us in. `retryAfter`: seconds after which we may ask again; null: not in
   * this session.
   */
  | { kind: 'denied'; retryAfter: number | null }
  | { kind: 'refused'; code: PageErrorCode }

/** Why somebody waits in the lobby; `full` once they may come in and there is no place. */
export type WaitReason = LobbyReason | 'full'

export type ConnectionState =
  | { phase: 'idle' }
  | { phase: 'joining'; attempt: number; wasInside: boolean; lostAt: number | null }
  /** `askedAt` is when the question under way was asked; null between two questions. */
  | { phase: 'lobby'; attempt: number; wasInside: boolean; reason: WaitReason; askedAt: number | null }
  | { phase: 'connecting'; attempt: number; wasInside: boolean; lostAt: number | null }
  | { phase: 'connected'; attempt: number; since: number }
  | { phase: 'interrupted'; attempt: number; since: number; lostAt: number }
  | { phase: 'backoff'; attempt: number; wasInside: boolean; lostAt: number }
  | { phase: 'closed'; reason: CloseReason }

/** Why the media connection ended, in our words; `visit.ts` translates from the protocol. */
export type DropReason = 'left' | 'ended' | 'removed' | 'duplicate' | 'transient'

/** The part that could not be set up: the WebSocket, or the media transport behind it. */
export type FailedPart = 'signalling' | 'media'

export type ConnectionEvent =
  | { type: 'JoinAsked' }
  | { type: 'Admitted' }
  | { type: 'SentToLobby'; reason: LobbyReason }
  | { type: 'Denied'; retryAfter: number | null }
  /** The session was ended for everybody, the people in the lobby included. */
  | { type: 'Dismissed' }
  | { type: 'Refused'; code: PageErrorCode; retryAfter: number | null }
  | { type: 'Connected' }
  | { type: 'Interrupted' }
  | { type: 'Resumed' }
  | { type: 'Dropped'; reason: DropReason; failed?: FailedPart | null }
  | { type: 'TimerElapsed' }
  | { type: 'LeaveAsked' }

export type ConnectionCommand =
  | { type: 'AskToJoin' }
  | { type: 'AskLobby' }
  | { type: 'Connect' }
  | { type: 'StartTimer'; milliseconds: number }
  | { type: 'Disconnect' }

export interface Step {
  state: ConnectionState
  commands: ConnectionCommand[]
}

export const GIVE_UP_AFTER_MS = 15 * 60_000
const LONGEST_BACKOFF_MS = 3_000
/** The least time between two questions in the lobby, however fast the server answers. */
export const LOBBY_PACE_MS = 1_000
/** A connection that lasted this long has proven itself. */
const STABLE_AFTER_MS = 10_000
/**
 * How often the first entry is tried before the person is told. Media is given up on by
 * livekit-client after 15 s, so one more try is enough of waiting.
 */
const FIRST_ENTRY_ATTEMPTS = { signalling: 3, media: 2, unknown: 3 }

/** Refusals that time does not cure. */
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
        ? go({ phase: 'joining', attempt: 0, wasInside: false, lostAt: null }, { type: 'AskToJoin' })
        : stay(state)
    case 'Admitted':
      return admitted(state)
    case 'SentToLobby':
      return sentToLobby(state, event.reason, now)
    case 'Denied':
      return state.phase === 'lobby' || state.phase === 'joining'
        ? close({ kind: 'denied', retryAfter: event.retryAfter })
        : stay(state)
    case 'Dismissed':
      return state.phase === 'lobby' ? close({ kind: 'ended' }) : stay(state)
    case 'Refused':
      if (state.phase === 'lobby') {
        return refusedInLobby(state, event, now, chance)
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
      return dropped(state, event, now, chance)
    case 'TimerElapsed':
      if (state.phase === 'lobby' && state.askedAt === null) {
        return go({ ...state, askedAt: now }, { type: 'AskLobby' })
      }
      return state.phase === 'backoff'
        ? go({ ...state, phase: 'joining', attempt: state.attempt + 1 }, { type: 'AskToJoin' })
        : stay(state)
    case 'LeaveAsked':
      return go({ phase: 'closed', reason: { kind: 'left' } }, { type: 'Disconnect' })
  }
}

function admitted(state: ConnectionState): Step {
  switch (state.phase) {
    case 'joining':
      return go({ ...state, phase: 'connecting' }, { type: 'Connect' })
    case 'lobby':
      return go({ phase: 'connecting', attempt: 0, wasInside: state.wasInside, lostAt: null }, { type: 'Connect' })
    default:
      return stay(state)
  }
}

function sentToLobby(state: ConnectionState, reason: LobbyReason, now: number): Step {
  switch (state.phase) {
    case 'joining': {
      const { attempt, wasInside } = state
      return go({ phase: 'lobby', attempt, wasInside, reason, askedAt: now }, { type: 'AskLobby' })
    }
    case 'lobby': {
      const early = LOBBY_PACE_MS - (now - (state.askedAt ?? now))
      return early > 0
        ? go({ ...state, attempt: 0, reason, askedAt: null }, { type: 'StartTimer', milliseconds: early })
        : go({ ...state, attempt: 0, reason, askedAt: now }, { type: 'AskLobby' })
    }
    default:
      return stay(state)
  }
}

function refusedInLobby(
  state: Extract<ConnectionState, { phase: 'lobby' }>,
  { code, retryAfter }: { code: PageErrorCode; retryAfter: number | null },
  now: number,
  chance: number,
): Step {
  const { attempt, wasInside } = state
  if (code === 'unknown_waiting') {
    return backOff(
      { attempt: Math.max(1, attempt), wasInside, lostAt: null },
      now,
      backoffMs(Math.max(1, attempt), chance),
    )
  }
  if (FINAL_CODES.has(code)) {
    return close({ kind: 'refused', code })
  }
  const milliseconds = Math.max(backoffMs(attempt + 1, chance), (retryAfter ?? 0) * 1000)
  const reason = code === 'meeting_full' ? 'full' : state.reason
  return go({ ...state, attempt: attempt + 1, reason, askedAt: null }, { type: 'StartTimer', milliseconds })
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
  return backOff(state, now, Math.max(backoffMs(state.attempt, chance), (retryAfter ?? 0) * 1000))
}

function dropped(
  state: ConnectionState,
  { reason, failed }: { reason: DropReason; failed?: FailedPart | null },
  now: number,
  chance: number,
): Step {
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
      return backOff({ attempt, wasInside: true, lostAt }, now, backoffMs(attempt, chance))
    }
    case 'connecting':
      return !state.wasInside && state.attempt + 1 >= FIRST_ENTRY_ATTEMPTS[failed ?? 'unknown']
        ? close({ kind: 'refused', code: failed ? `${failed}_blocked` : 'unavailable' })
        : backOff(state, now, backoffMs(state.attempt, chance))
    default:
      return stay(state)
  }
}

/**
 * The first try comes at once or nearly so; later ones at 0.5 to 1 times 1, 2 and then 3 seconds.
 */
export function backoffMs(attempt: number, chance: number): number {
  if (attempt === 0) {
    return Math.round(chance * 400)
  }
  return Math.round(Math.min(LONGEST_BACKOFF_MS, 1000 * 2 ** (attempt - 1)) * (0.5 + chance / 2))
}

function backOff(
  { attempt, wasInside, lostAt }: { attempt: number; wasInside: boolean; lostAt: number | null },
  now: number,
  milliseconds: number,
): Step {
  const since = lostAt ?? now
  if (now - since > GIVE_UP_AFTER_MS) {
    return close({ kind: 'lost' })
  }
  return go({ phase: 'backoff', attempt, wasInside, lostAt: since }, { type: 'StartTimer', milliseconds })
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
