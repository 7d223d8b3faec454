import { describe, expect, test } from 'vitest'
import {
  backoffMs,
  type ConnectionCommand,
  type ConnectionEvent,
  type ConnectionState,
  GIVE_UP_AFTER_MS,
  handleConnectionEvent,
  LOBBY_PACE_MS,
} from './connection'

/**
 * Plays events against the machine; each entry is an event, or a number of milliseconds that pass.
 */
function play(...script: (ConnectionEvent | number)[]): { state: ConnectionState; commands: ConnectionCommand[] } {
  let state: ConnectionState = { phase: 'idle' }
  let commands: ConnectionCommand[] = []
  let now = 1000
  for (const entry of script) {
    if (typeof entry === 'number') {
      now += entry
    } else {
      ;({ state, commands } = handleConnectionEvent(state, entry, now, 0.5))
    }
  }
  return { state, commands }
}

const inside: ConnectionEvent[] = [{ type: 'JoinAsked' }, { type: 'Admitted' }, { type: 'Connected' }]
const dropped: ConnectionEvent = { type: 'Dropped', reason: 'transient' }
const refused = (
  code: 'unavailable' | 'offline' | 'meeting_full' | 'meeting_expired' | 'unknown_waiting' | 'removed',
  retryAfter: number | null = null,
) => ({ type: 'Refused', code, retryAfter }) as const

test('joining asks, connects, and is inside', () => {
  expect(play({ type: 'JoinAsked' }).commands).toEqual([{ type: 'AskToJoin' }])
  expect(play({ type: 'JoinAsked' }, { type: 'Admitted' }).commands).toEqual([{ type: 'Connect' }])
  expect(play(...inside).state.phase).toBe('connected')
})

test('a second press on join does nothing', () => {
  expect(play({ type: 'JoinAsked' }, { type: 'JoinAsked' }).commands).toEqual([])
})

test.each(['meeting_full', 'offline', 'unavailable'] as const)(
  '%s before the first entry closes with that reason',
  (code) => {
    expect(play({ type: 'JoinAsked' }, refused(code)).state).toEqual({
      phase: 'closed',
      reason: { kind: 'refused', code },
    })
  },
)

test('a first connection that keeps failing is given up after three tries', () => {
  const onceMore: ConnectionEvent[] = [{ type: 'Admitted' }, dropped]
  const two = play({ type: 'JoinAsked' }, ...onceMore, { type: 'TimerElapsed' }, ...onceMore)
  expect(two.state.phase).toBe('backoff')

  const three = play(
    { type: 'JoinAsked' },
    ...onceMore,
    { type: 'TimerElapsed' },
    ...onceMore,
    { type: 'TimerElapsed' },
    ...onceMore,
  )
  expect(three.state).toEqual({ phase: 'closed', reason: { kind: 'refused', code: 'unavailable' } })
})

test('a short interruption that resumes leaves no trace', () => {
  expect(play(...inside, { type: 'Interrupted' }).state.phase).toBe('interrupted')
  expect(play(...inside, { type: 'Interrupted' }, { type: 'Resumed' }).state).toEqual(play(...inside).state)
})

describe('after the media connection is lost for good', () => {
  test('the first try comes within half a second', () => {
    const { state, commands } = play(...inside, 60_000, { type: 'Interrupted' }, 9000, dropped)

    expect(state).toMatchObject({ phase: 'backoff', attempt: 0, lostAt: 61_000 })
    expect(commands).toEqual([{ type: 'StartTimer', milliseconds: 200 }])
  })

  test('a server that is starting is asked again, no sooner than it says', () => {
    const { state, commands } = play(...inside, dropped, { type: 'TimerElapsed' }, refused('unavailable', 4))

    expect(state.phase).toBe('backoff')
    expect(commands).toEqual([{ type: 'StartTimer', milliseconds: 4000 }])
  })

  test('a full meeting is asked again, an ended one is not', () => {
    expect(play(...inside, dropped, { type: 'TimerElapsed' }, refused('meeting_full')).state.phase).toBe('backoff')
    expect(play(...inside, dropped, { type: 'TimerElapsed' }, refused('meeting_expired')).state).toEqual({
      phase: 'closed',
      reason: { kind: 'ended' },
    })
  })

  test('a connection that breaks again at once is tried again more slowly each time', () => {
    const again: (ConnectionEvent | number)[] = [{ type: 'TimerElapsed' }, { type: 'Admitted' }, { type: 'Connected' }]
    const once = play(...inside, 60_000, dropped, ...again, 500, dropped)
    const twice = play(...inside, 60_000, dropped, ...again, 500, dropped, ...again, 500, dropped)
    const later = play(...inside, 60_000, dropped, ...again, 500, dropped, ...again, 60_000, dropped)

    expect(once.state).toMatchObject({ phase: 'backoff', attempt: 1 })
    expect(twice.state).toMatchObject({ phase: 'backoff', attempt: 2 })
    expect(later.state).toMatchObject({ phase: 'backoff', attempt: 0 })
  })

  test('after a quarter of an hour it stops', () => {
    const { state } = play(...inside, dropped, GIVE_UP_AFTER_MS + 1, { type: 'TimerElapsed' }, refused('offline'))

    expect(state).toEqual({ phase: 'closed', reason: { kind: 'lost' } })
  })

  test('leaving while waiting closes', () => {
    expect(play(...inside, dropped, { type: 'LeaveAsked' }).state).toEqual({
      phase: 'closed',
      reason: { kind: 'left' },
    })
  })
})

test.each(['ended', 'removed', 'duplicate'] as const)('%s is final and asks for nothing more', (reason) => {
  const { state, commands } = play(...inside, { type: 'Dropped', reason })

  expect(state).toEqual({ phase: 'closed', reason: { kind: reason } })
  expect(commands).toEqual([{ type: 'Disconnect' }])
  expect(play(...inside, { type: 'Dropped', reason }, { type: 'TimerElapsed' }, { type: 'JoinAsked' }).state).toEqual(
    state,
  )
})

test('waits grow to at most three seconds and are spread', () => {
  expect([1, 2, 3, 4, 9].map((attempt) => backoffMs(attempt, 1))).toEqual([1000, 2000, 3000, 3000, 3000])
  expect(backoffMs(4, 0)).toBe(1500)
  expect(backoffMs(0, 0)).toBe(0)
})

describe('before the door', () => {
  const held: ConnectionEvent = { type: 'SentToLobby', reason: 'approval' }
  const waiting: ConnectionEvent[] = [{ type: 'JoinAsked' }, held]

  test('one asks at once, and at once again after a slow answer', () => {
    expect(play(...waiting)).toMatchObject({
      state: { phase: 'lobby', reason: 'approval' },
      commands: [{ type: 'AskLobby' }],
    })
    expect(play(...waiting, 8000, held).commands).toEqual([{ type: 'AskLobby' }])
  })

  test('a server that answers fast is not asked without end', () => {
    expect(play(...waiting, 100, held).commands).toEqual([{ type: 'StartTimer', milliseconds: LOBBY_PACE_MS - 100 }])
    expect(play(...waiting, 100, held, { type: 'TimerElapsed' }).commands).toEqual([{ type: 'AskLobby' }])
  })

  test('there is one question at a time', () => {
    expect(play(...waiting, { type: 'TimerElapsed' }).commands).toEqual([])
  })

  test('yes leads in, no leads out', () => {
    expect(play(...waiting, { type: 'Admitted' })).toMatchObject({
      state: { phase: 'connecting' },
      commands: [{ type: 'Connect' }],
    })
    const denied = { phase: 'closed', reason: { kind: 'denied', retryAfter: 60 } }
    expect(play(...waiting, { type: 'Denied', retryAfter: 60 }).state).toEqual(denied)
    expect(play({ type: 'JoinAsked' }, { type: 'Denied', retryAfter: 60 }).state).toEqual(denied)
    expect(play(...waiting, { type: 'Dismissed' }).state).toEqual({ phase: 'closed', reason: { kind: 'ended' } })
  })

  test('a question that fails is asked again with the same token, within the time the server keeps it', () => {
    const failed = play(...waiting, refused('offline'))
    expect(failed.state).toMatchObject({ phase: 'lobby', reason: 'approval', askedAt: null })
    expect(failed.commands).toEqual([{ type: 'StartTimer', milliseconds: backoffMs(1, 0.5) }])
    expect(play(...waiting, refused('meeting_full')).state).toMatchObject({ phase: 'lobby', reason: 'full' })
  })

  test('a forgotten token is joined anew, later each time', () => {
    const forgotten = refused('unknown_waiting')
    const once = play(...waiting, forgotten)
    expect(once.state.phase).toBe('backoff')
    const twice = play(...waiting, forgotten, { type: 'TimerElapsed' }, held, forgotten)
    expect(twice.commands).toEqual([{ type: 'StartTimer', milliseconds: backoffMs(2, 0.5) }])
  })

  test('nobody who waits is given up for having waited long', () => {
    const longAgo = play(...waiting, GIVE_UP_AFTER_MS * 2, held, refused('unknown_waiting'))
    expect(longAgo.state.phase).toBe('backoff')
  })

  test('a meeting that is over is over before the door too', () => {
    expect(play(...waiting, refused('meeting_expired')).state).toEqual({
      phase: 'closed',
      reason: { kind: 'refused', code: 'meeting_expired' },
    })
  })
})

test('who was removed and may not yet come back is told so', () => {
  expect(play({ type: 'JoinAsked' }, refused('removed')).state).toEqual({
    phase: 'closed',
    reason: { kind: 'removed' },
  })
})
