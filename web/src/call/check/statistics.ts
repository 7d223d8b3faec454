/** Reads the statistics of a peer connection (webrtc-stats). Pure. */
import type { Path, Reading } from './findings'

type Stat = Record<string, unknown> & { type: string; id: string }

/** One direction of the video in a report. */
export function readingOf(report: RTCStatsReport, direction: 'sent' | 'received', at: number): Reading {
  const stats = [...report.values()] as Stat[]
  const streams = stats.filter(
    ({ type, kind }) => type === (direction === 'sent' ? 'outbound-rtp' : 'inbound-rtp') && kind === 'video',
  )
  // The other side tells the sender what has arrived.
  const told = direction === 'sent' ? stats.filter(({ type }) => type === 'remote-inbound-rtp') : streams
  const pair = pairOf(stats)
  const jitters = told.map(({ jitter }) => jitter).filter((jitter) => typeof jitter === 'number')
  return {
    at,
    bytes: sum(streams, direction === 'sent' ? 'bytesSent' : 'bytesReceived'),
    packets: sum(streams, direction === 'sent' ? 'packetsSent' : 'packetsReceived') - lostOf(direction, told),
    lost: sum(told, 'packetsLost'),
    roundTripMs: typeof pair?.currentRoundTripTime === 'number' ? pair.currentRoundTripTime * 1000 : null,
    jitterMs: jitters.length > 0 ? Math.max(...jitters) * 1000 : null,
  }
}

/** The path that the connection has chosen; null before it has. */
export function pathOf(report: RTCStatsReport): Path | null {
  const stats = [...report.values()] as Stat[]
  const pair = pairOf(stats)
  const local = stats.find(({ id }) => id === pair?.localCandidateId)
  if (local === undefined) {
    return null
  }
  const isRelayed = local.candidateType === 'relay'
  const protocol = isRelayed ? (local.relayProtocol ?? local.protocol) : local.protocol
  return { protocol: protocol === 'udp' ? 'udp' : 'tcp', isRelayed }
}

function pairOf(stats: readonly Stat[]): Stat | undefined {
  const transport = stats.find(({ type, selectedCandidatePairId }) => type === 'transport' && selectedCandidatePairId)
  return (
    stats.find(({ id }) => id === transport?.selectedCandidatePairId) ??
    stats.find(({ type, selected, nominated, state }) => {
      return type === 'candidate-pair' && (selected === true || (nominated === true && state === 'succeeded'))
    })
  )
}

/** Packets that were sent count as arrived unless the other side says that they are lost. */
function lostOf(direction: 'sent' | 'received', told: readonly Stat[]): number {
  return direction === 'sent' ? sum(told, 'packetsLost') : 0
}

function sum(stats: readonly Stat[], name: string): number {
  return stats.reduce((total, stat) => total + (typeof stat[name] === 'number' ? stat[name] : 0), 0)
}
