import { ConnectionState, Room, RoomEvent } from 'livekit-client'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Liveness } from './liveness'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** A connected room whose media and signalling live until the test says otherwise. */
function connected() {
  const lives = { media: true, signalling: true }
  let packets = 0
  const client = {
    rtt: 0,
    sendPing: vi.fn(async () => {
      await new Promise((resolve) => setTimeout(resolve, 20))
      if (lives.signalling) {
        client.rtt = 20
      }
    }),
  }
  const publisher = { getStats: async () => new Map() }
  const subscriber = {
    getStats: async () => {
      packets += lives.media ? 50 : 0
      return new Map([['a', { type: 'inbound-rtp', packetsReceived: packets }]])
    },
  }
  const room = new Room()
  room.engine = { client, pcManager: { publisher, subscriber } } as never
  room.state = ConnectionState.Connected
  const resume = vi.spyOn(room, 'simulateScenario').mockImplementation(async () => {
    room.state = ConnectionState.SignalReconnecting
    room.emit(RoomEvent.ConnectionStateChanged, room.state)
  })
  const liveness = new Liveness(room)
  room.emit(RoomEvent.ConnectionStateChanged, room.state)
  return { lives, client, room, resume, liveness }
}

test('a connection that lives is left alone', async () => {
  const { client, resume, liveness } = connected()
  await vi.advanceTimersByTimeAsync(60_000)

  expect(liveness.getSnapshot().isSilent).toBe(false)
  expect(resume).not.toHaveBeenCalled()
  expect(client.sendPing.mock.calls.length).toBeGreaterThan(20)
  liveness.stop()
})

test.each(['signalling', 'media'] as const)(
  'dead %s is told within 5 s while the rest lives, and is resumed at once, one time',
  async (part) => {
    const { lives, resume, liveness } = connected()
    await vi.advanceTimersByTimeAsync(10_100)
    lives[part] = false
    await vi.advanceTimersByTimeAsync(5_000)
    expect(liveness.getSnapshot().isSilent).toBe(true)
    expect(resume).toHaveBeenCalledExactlyOnceWith('signal-reconnect')

    await vi.advanceTimersByTimeAsync(10_000)
    expect(resume).toHaveBeenCalledOnce()
    liveness.stop()
  },
)

test('after it was resumed the connection counts as alive, and is watched anew', async () => {
  const { lives, room, resume, liveness } = connected()
  lives.signalling = false
  await vi.advanceTimersByTimeAsync(6_000)
  lives.signalling = true
  room.state = ConnectionState.Connected
  room.emit(RoomEvent.ConnectionStateChanged, room.state)
  expect(liveness.getSnapshot().isSilent).toBe(false)
  await vi.advanceTimersByTimeAsync(20_000)
  expect(resume).toHaveBeenCalledOnce()

  lives.signalling = false
  await vi.advanceTimersByTimeAsync(6_000)
  expect(resume).toHaveBeenCalledTimes(2)
  liveness.stop()
})

test('a page that stood still does not blame the server', async () => {
  const { lives, resume, liveness } = connected()
  // A ping has just been sent.
  await vi.advanceTimersByTimeAsync(2_510)
  // No timer ran for a minute, as while a laptop sleeps: only the clock went on.
  const before = performance.now.bind(performance)
  vi.spyOn(performance, 'now').mockImplementation(() => before() + 60_000)
  lives.media = false
  lives.signalling = false
  await vi.advanceTimersByTimeAsync(1_000)
  expect(resume).not.toHaveBeenCalled()

  await vi.advanceTimersByTimeAsync(5_000)
  expect(resume).toHaveBeenCalledOnce()
  liveness.stop()
})
