/** From what WebRTC measured in a connection check to what people and the server are told. Pure. */
import type { CheckFindings } from '@/api/page'

export type Verdict = CheckFindings['verdict']
export type DeviceAccess = CheckFindings['camera']

/** One look at the statistics of a connection; null where the browser does not tell. */
export interface Reading {
  /** Milliseconds of any steady clock. */
  at: number
  bytes: number
  packets: number
  lost: number
  roundTripMs: number | null
  jitterMs: number | null
}

/** The path that media takes. */
export interface Path {
  protocol: 'udp' | 'tcp'
  isRelayed: boolean
}

/** The findings about the network. The path is null where no media got through. */
export interface Measured {
  path: Path | null
  /** Whether TCP alone works; null: not tried. */
  worksOverTcp: boolean | null
  sent: readonly Reading[]
  received: readonly Reading[]
}

/** The time over which a rate counts: long enough for several pictures. */
const WINDOW_MS = 1_500
/** In kbit/s. A check aims at less; that encoders overshoot says nothing about the connection. */
const HIGHEST_RATE = 2_000
/** Below these a connection is not good, and not even fair. Rates in kbit/s. */
const GOOD = { upload: 600, download: 600, lossPercent: 3, roundTripMs: 300, jitterMs: 80 }
const FAIR = { upload: 200, download: 200, lossPercent: 10, roundTripMs: 700, jitterMs: 200 }

export function findingsOf(
  measured: Measured,
  devices: { camera: DeviceAccess; microphone: DeviceAccess },
): CheckFindings {
  const { path, worksOverTcp, sent, received } = measured
  const numbers = {
    round_trip_ms: rounded(median([...sent, ...received].map((reading) => reading.roundTripMs)), 60_000),
    jitter_ms: rounded(median([...sent, ...received].map((reading) => reading.jitterMs)), 60_000),
    upload_kbps: rounded(bestRate(sent), HIGHEST_RATE),
    download_kbps: rounded(bestRate(received), HIGHEST_RATE),
    upload_loss_percent: lossPercent(sent),
    download_loss_percent: lossPercent(received),
  }
  return {
    verdict: path === null ? 'blocked' : judge(numbers, path),
    ...devices,
    udp: path === null ? false : path.protocol === 'udp',
    tcp: path?.protocol === 'tcp' ? true : path === null ? false : worksOverTcp,
    relayed: path?.isRelayed ?? false,
    ...numbers,
  }
}

type Numbers = Pick<
  CheckFindings,
  'round_trip_ms' | 'jitter_ms' | 'upload_kbps' | 'download_kbps' | 'upload_loss_percent' | 'download_loss_percent'
>

/** Over TCP a lost packet holds up all that follow it, so that is never a good connection. */
function judge(numbers: Numbers, path: Path): Verdict {
  const isWithin = (bounds: typeof GOOD) =>
    (numbers.upload_kbps ?? 0) >= bounds.upload &&
    (numbers.download_kbps ?? 0) >= bounds.download &&
    (numbers.upload_loss_percent ?? 0) <= bounds.lossPercent &&
    (numbers.download_loss_percent ?? 0) <= bounds.lossPercent &&
    (numbers.round_trip_ms ?? 0) <= bounds.roundTripMs &&
    (numbers.jitter_ms ?? 0) <= bounds.jitterMs
  return isWithin(GOOD) && path.protocol === 'udp' ? 'good' : isWithin(FAIR) ? 'fair' : 'poor'
}

/** The highest rate in kbit/s that lasted for a window; null with fewer than two readings. */
export function bestRate(readings: readonly Reading[]): number | null {
  let best: number | null = null
  for (const [index, from] of readings.entries()) {
    const to = readings.slice(index + 1).find(({ at }) => at - from.at >= WINDOW_MS)
    if (to !== undefined) {
      best = Math.max(best ?? 0, ((to.bytes - from.bytes) * 8) / (to.at - from.at))
    }
  }
  return best
}

/** The share of all packets until the last reading, with one decimal; null without any. */
function lossPercent(readings: readonly Reading[]): number | null {
  const last = readings.at(-1)
  if (last === undefined || last.packets + last.lost <= 0) {
    return null
  }
  const share = Math.max(0, last.lost) / (last.packets + Math.max(0, last.lost))
  return Math.min(100, Math.round(share * 1000) / 10)
}

function median(numbers: readonly (number | null)[]): number | null {
  const known = numbers.filter((one) => one !== null).sort((a, b) => a - b)
  return known[Math.floor(known.length / 2)] ?? null
}

function rounded(number: number | null, most: number): number | null {
  return number === null ? null : Math.min(most, Math.max(0, Math.round(number)))
}
