import { expect, test } from 'vitest'
import { bestRate, findingsOf, type Measured, type Reading } from './findings'

const DEVICES = { camera: 'granted', microphone: 'prompt' } as const

/** The most that the server takes. */
const MOST = {
  round_trip_ms: 60_000,
  jitter_ms: 60_000,
  upload_kbps: 2_000,
  download_kbps: 2_000,
  upload_loss_percent: 100,
  download_loss_percent: 100,
}

/** Readings twice a second of a steady stream. */
function steady(kbps: number, change: Partial<Reading> = {}, seconds = 6): Reading[] {
  return Array.from({ length: seconds * 2 }, (_, index) => ({
    at: 1000 + index * 500,
    bytes: (index * 500 * kbps) / 8,
    packets: index * 100,
    lost: 0,
    roundTripMs: 20,
    jitterMs: 3,
    ...change,
  }))
}

function measured(change: Partial<Measured> = {}): Measured {
  return {
    path: { protocol: 'udp', isRelayed: false },
    worksOverTcp: true,
    sent: steady(1600),
    received: steady(1500),
    ...change,
  }
}

test('a fast and quiet connection is good, and its numbers are those that were measured', () => {
  expect(findingsOf(measured(), DEVICES)).toEqual({
    verdict: 'good',
    camera: 'granted',
    microphone: 'prompt',
    udp: true,
    tcp: true,
    relayed: false,
    round_trip_ms: 20,
    jitter_ms: 3,
    upload_kbps: 1600,
    download_kbps: 1500,
    upload_loss_percent: 0,
    download_loss_percent: 0,
  })
})

test.each([
  ['fair', { received: steady(400) }],
  ['fair', { path: { protocol: 'tcp', isRelayed: false } }],
  ['poor', { received: steady(100) }],
  ['poor', { sent: steady(50) }],
  ['fair', { received: steady(1500, { lost: 50 }) }],
  ['poor', { received: steady(1500, { lost: 300 }) }],
  ['fair', { sent: steady(1500, { roundTripMs: 400 }), received: steady(1500, { roundTripMs: 400 }) }],
  ['poor', { sent: steady(1500, { jitterMs: 300 }), received: steady(1500, { jitterMs: 300 }) }],
  ['poor', { sent: [], received: [] }],
] as const)('it is %s with %o', (verdict, change) => {
  expect(findingsOf(measured(change), DEVICES).verdict).toBe(verdict)
})

test('the path says what works: TCP alone, a relay, nothing, or not known', () => {
  const findings = (path: Measured['path'], worksOverTcp: boolean | null = null) => {
    const { udp, tcp, relayed, verdict } = findingsOf(measured({ path, worksOverTcp }), DEVICES)
    return { udp, tcp, relayed, isBlocked: verdict === 'blocked' }
  }

  expect(findings({ protocol: 'tcp', isRelayed: false })).toEqual({
    udp: false,
    tcp: true,
    relayed: false,
    isBlocked: false,
  })
  expect(findings({ protocol: 'udp', isRelayed: true }, false)).toEqual({
    udp: true,
    tcp: false,
    relayed: true,
    isBlocked: false,
  })
  expect(findings({ protocol: 'udp', isRelayed: false })).toMatchObject({ udp: true, tcp: null })
  expect(findings(null)).toEqual({ udp: false, tcp: false, relayed: false, isBlocked: true })
})

test('a browser that tells little leaves gaps, not zeros', () => {
  const quiet = { roundTripMs: null, jitterMs: null }
  const { round_trip_ms, jitter_ms, verdict } = findingsOf(
    measured({ sent: steady(1500, quiet), received: steady(1500, quiet) }),
    DEVICES,
  )

  expect({ round_trip_ms, jitter_ms, verdict }).toEqual({ round_trip_ms: null, jitter_ms: null, verdict: 'good' })
  expect(findingsOf(measured({ sent: [], received: [] }), DEVICES)).toMatchObject({
    upload_kbps: null,
    download_kbps: null,
    upload_loss_percent: null,
    download_loss_percent: null,
  })
})

test('a rate counts when it lasts', () => {
  const burst = steady(100).map((reading, index) => ({ ...reading, bytes: reading.bytes + (index >= 4 ? 30_000 : 0) }))

  expect(bestRate(steady(800))).toBeCloseTo(800)
  // 30 kB within half a second are 480 kbit/s, and 160 over a window.
  expect(bestRate(burst)).toBeCloseTo(260)
  expect(bestRate(steady(800).slice(0, 2))).toBeNull()
})

test('whatever a browser reports, the server accepts the numbers', () => {
  const numbers = [-1e6, -0.4, 0, 0.06, 0.5, 99.99, 60_000.5, 1e12]
  for (const first of numbers) {
    for (const second of numbers) {
      const of = (at: number, value: number) => {
        return { at, bytes: value, packets: value, lost: second, roundTripMs: value, jitterMs: second }
      }
      const readings = [of(0, first), of(2000, second)]
      const findings = findingsOf(measured({ sent: readings, received: readings }), DEVICES)
      for (const [name, most] of Object.entries(MOST)) {
        const value = findings[name as keyof typeof MOST]
        expect(value === null || (value >= 0 && value <= most), `${name} ${value}`).toBe(true)
        expect(name.endsWith('percent') || value === null || Number.isInteger(value)).toBe(true)
      }
    }
  }
})
