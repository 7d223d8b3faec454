/**
 * Sends a video from one connection to another, both ours, over the path of a meeting, and looks at
 * what arrives. The only part of a check that knows livekit-client.
 */
import { Room, RoomEvent, Track, VideoPreset } from 'livekit-client'
import { type CheckTicket, PageError } from '@/api/page'
import { failedPart } from '../failedPart'
import { portsIn } from '../mediaPorts'
import type { Measured, Path, Reading } from './findings'
import { FRAMES_PER_SECOND, startNoiseVideo } from './noise'
import { pathOf, readingOf } from './statistics'

export type ProbeStep = 'connecting' | 'measuring' | 'tcp'

export interface Probed extends Measured {
  /** Where the media was to go, such as `UDP 7882, TCP 7881`; null before the server has said. */
  ports: string | null
}

const MEASURE_MS = 7_000
const READ_EVERY_MS = 500
const TCP_MS = 8_000
/** The server ends the check, and with it the connections. Everything is over a little before. */
const MARGIN_MS = 3_000
const LARGE = { maxBitrate: 1_500_000, maxFramerate: FRAMES_PER_SECOND }
const SMALL = new VideoPreset(320, 180, 150_000, FRAMES_PER_SECOND)

/** Raises `PageError` where the server cannot be reached, and the signal's reason when stopped. */
export async function probe(
  ticket: CheckTicket,
  stopped: AbortSignal,
  onStep: (step: ProbeStep) => void,
): Promise<Probed> {
  const url = ticket.url ?? location.origin
  const [publisher, subscriber] = [newRoom(), newRoom()]
  const found = { path: null as Path | null, worksOverTcp: null as boolean | null, ports: null as string | null }
  const [sent, received]: [Reading[], Reading[]] = [[], []]
  const overdue = AbortSignal.timeout(ticket.seconds * 1000 - MARGIN_MS)
  const end = AbortSignal.any([stopped, overdue])
  const noise = startNoiseVideo()
  try {
    onStep('connecting')
    const arrives = new Promise<void>((resolve) => subscriber.once(RoomEvent.TrackSubscribed, () => resolve()))
    await until(end, connect(publisher, url, ticket.publisher_token))
    await until(end, connect(subscriber, url, ticket.subscriber_token))
    found.path = pathOf(await until(end, statsOf(subscriber, 'subscriber')))
    onStep('measuring')
    await until(
      end,
      publisher.localParticipant.publishTrack(noise.track, {
        source: Track.Source.Camera,
        simulcast: true,
        videoCodec: 'vp8',
        videoEncoding: LARGE,
        videoSimulcastLayers: [SMALL],
      }),
    )
    await until(end, arrives)
    const last = performance.now() + MEASURE_MS
    while (performance.now() < last) {
      await until(end, pause(READ_EVERY_MS))
      const [out, into] = await until(
        end,
        Promise.all([statsOf(publisher, 'publisher'), statsOf(subscriber, 'subscriber')]),
      )
      const at = performance.now()
      sent.push(readingOf(out, 'sent', at))
      received.push(readingOf(into, 'received', at))
      found.path = pathOf(into) ?? found.path
    }
    if (found.path?.protocol === 'udp') {
      onStep('tcp')
      found.worksOverTcp = await until(end, worksOverTcp(subscriber))
    }
  } catch (error) {
    stopped.throwIfAborted()
    // Media that does not get through is what the check is for; a server that refuses is not.
    if (!overdue.aborted && failedPart(error) !== 'media') {
      throw failedPart(error) === 'signalling' ? new PageError('signalling_blocked') : new PageError('unavailable')
    }
  } finally {
    found.ports = portsOf(publisher) ?? portsOf(subscriber)
    noise.stop()
    void publisher.disconnect()
    void subscriber.disconnect()
  }
  return { ...found, sent, received }
}

function newRoom(): Room {
  return new Room({ adaptiveStream: false, dynacast: false, singlePeerConnection: false })
}

async function connect(room: Room, url: string, token: string): Promise<void> {
  await room.connect(url, token, { maxRetries: 0, peerConnectionTimeout: 10_000 })
}

/** Connects once more, over TCP alone. */
async function worksOverTcp(room: Room): Promise<boolean> {
  const isBack = new Promise<boolean>((resolve) => {
    room.once(RoomEvent.Reconnected, () => resolve(true))
    room.once(RoomEvent.Disconnected, () => resolve(false))
    window.setTimeout(() => resolve(false), TCP_MS)
  })
  await room.simulateScenario('force-tcp')
  return (await isBack) && pathOf(await statsOf(room, 'subscriber'))?.protocol === 'tcp'
}

async function statsOf(room: Room, side: 'publisher' | 'subscriber'): Promise<RTCStatsReport> {
  const report = await room.engine.pcManager?.[side]?.getStats()
  return report ?? new Map()
}

function portsOf(room: Room): string | null {
  const { publisher, subscriber } = room.engine?.pcManager ?? {}
  return portsIn([publisher, subscriber].map((one) => one?.getRemoteDescription()?.sdp ?? '').join('\n'))
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => window.setTimeout(resolve, milliseconds))
}

/** Waits for the promise. Raises the signal's reason when that is aborted first. */
function until<Value>(signal: AbortSignal, promise: Promise<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason)
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) {
      stop()
    }
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}
