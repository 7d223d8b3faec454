import { expect, test } from 'vitest'
import { pathOf, readingOf } from './statistics'

function report(...stats: Record<string, unknown>[]): RTCStatsReport {
  return new Map(stats.map((stat, index) => [`${index}`, { id: `${index}`, ...stat }])) as unknown as RTCStatsReport
}

const PAIR = { type: 'candidate-pair', id: 'pair', localCandidateId: 'mine', currentRoundTripTime: 0.02 }
const MINE = { type: 'local-candidate', id: 'mine', candidateType: 'host', protocol: 'udp' }
const TRANSPORT = { type: 'transport', selectedCandidatePairId: 'pair' }

test('what was sent is the sum of all layers, less what the other side says is lost', () => {
  const stats = report(
    TRANSPORT,
    PAIR,
    MINE,
    { type: 'outbound-rtp', kind: 'video', bytesSent: 1000, packetsSent: 10 },
    { type: 'outbound-rtp', kind: 'video', bytesSent: 9000, packetsSent: 90 },
    { type: 'outbound-rtp', kind: 'audio', bytesSent: 5, packetsSent: 5 },
    { type: 'remote-inbound-rtp', kind: 'video', packetsLost: 4, jitter: 0.004 },
  )

  expect(readingOf(stats, 'sent', 7)).toEqual({
    at: 7,
    bytes: 10_000,
    packets: 96,
    lost: 4,
    roundTripMs: 20,
    jitterMs: 4,
  })
})

test('what was received is what arrived', () => {
  const stats = report(PAIR, MINE, {
    type: 'inbound-rtp',
    kind: 'video',
    bytesReceived: 5000,
    packetsReceived: 50,
    packetsLost: 1,
    jitter: 0.002,
  })

  expect(readingOf(stats, 'received', 1)).toMatchObject({ bytes: 5000, packets: 50, lost: 1, jitterMs: 2 })
  expect(readingOf(report(), 'received', 1)).toMatchObject({ bytes: 0, packets: 0, roundTripMs: null, jitterMs: null })
})

test.each([
  ['UDP', {}, { protocol: 'udp', isRelayed: false }],
  ['TCP', { protocol: 'tcp' }, { protocol: 'tcp', isRelayed: false }],
  ['a relay over UDP', { candidateType: 'relay', relayProtocol: 'udp' }, { protocol: 'udp', isRelayed: true }],
  ['a relay over TLS', { candidateType: 'relay', relayProtocol: 'tls' }, { protocol: 'tcp', isRelayed: true }],
])('the chosen path is read: %s', (_, change, path) => {
  const mine = { ...MINE, ...change }

  expect(pathOf(report(TRANSPORT, PAIR, mine))).toEqual(path)
  // Without statistics of the transport, the pair itself says that it was chosen.
  expect(pathOf(report({ ...PAIR, nominated: true, state: 'succeeded' }, mine))).toEqual(path)
  expect(pathOf(report({ ...PAIR, nominated: false, state: 'in-progress' }, mine))).toBeNull()
})
