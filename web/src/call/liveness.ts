/**
 * Tells within seconds that a connection is dead, long before livekit-client gives it up: a frozen
 * face without a word is the worst a page can show. Media and signalling can each be dead while the
 * other lives. A dead connection is resumed at once.
 */
import { ConnectionState, type Room, RoomEvent } from 'livekit-client'
import { Cell } from '@/lib/store'
import { PingWatch } from './pings'

export interface LivenessState {
  /** Whether nothing has been heard from the server for a while. */
  isSilent: boolean
}

export interface Heard {
  /** Packets of media received so far, over all transports. */
  media: number
  /** Anything received so far, the answers to connectivity checks included. */
  anything: number
}

/** No media for this long, after some had been coming, in milliseconds. */
const MEDIA_SILENCE_MS = 3000
/** Nothing at all for this long, in milliseconds: browsers check a quiet transport every 2.5 s. */
const SILENCE_MS = 4500
const LOOK_EVERY_MS = 500
/** Our own loop stood still for this long: time that says nothing about the server. */
const STALL_MS = 2000
/** In place of livekit-client's round-trip time until the answer to a ping replaces it. */
const UNANSWERED = -1

/**
 * Judges silence. Pure: counters and the time in, whether the connection counts as dead out.
 */
export class SilenceWatch {
  #heard: Heard = { media: 0, anything: 0 }
  #lastMedia: number | null = null
  #lastAnything: number | null = null

  /** @param now milliseconds of a monotonic clock */
  look(heard: Heard, now: number): boolean {
    if (heard.anything !== this.#heard.anything || this.#lastAnything === null) {
      this.#lastAnything = now
    }
    if (heard.media > this.#heard.media) {
      this.#lastMedia = now
    }
    this.#heard = heard
    // Media that stops while checks are answered was turned off, not lost.
    const silence = now - this.#lastAnything
    const hadMedia = this.#lastMedia !== null && this.#lastAnything - this.#lastMedia < LOOK_EVERY_MS * 2
    return silence >= (hadMedia ? MEDIA_SILENCE_MS : SILENCE_MS)
  }

  /** Our own loop stood still for `milliseconds`, which says nothing about the server. */
  forgive(milliseconds: number): void {
    this.#lastMedia = this.#lastMedia === null ? null : this.#lastMedia + milliseconds
    this.#lastAnything = this.#lastAnything === null ? null : this.#lastAnything + milliseconds
  }
}

export class Liveness extends Cell<LivenessState> {
  readonly #room: Room
  #media = new SilenceWatch()
  #pings = new PingWatch()
  #lastLook: number | null = null
  #timer: number | undefined

  constructor(room: Room) {
    super({ isSilent: false })
    this.#room = room
    room.on(RoomEvent.ConnectionStateChanged, (state) => {
      if (state === ConnectionState.Connected) {
        this.#media = new SilenceWatch()
        this.#pings = new PingWatch()
        this.#lastLook = null
        this.update({ isSilent: false })
        this.#start()
      } else if (state === ConnectionState.Disconnected) {
        this.stop()
      }
    })
  }

  stop(): void {
    window.clearInterval(this.#timer)
    this.#timer = undefined
    this.update({ isSilent: false })
  }

  #start(): void {
    this.#timer ??= window.setInterval(() => void this.#look(), LOOK_EVERY_MS)
  }

  async #look(): Promise<void> {
    const media = this.#media
    const heard = await listen(this.#room)
    if (media !== this.#media || this.#timer === undefined || this.#room.state !== ConnectionState.Connected) {
      return
    }
    const now = performance.now()
    if (this.#lastLook !== null && now - this.#lastLook > STALL_MS) {
      this.#media.forgive(now - this.#lastLook)
      this.#pings.forgive(now - this.#lastLook)
    }
    this.#lastLook = now
    const isMediaDead = heard !== null && media.look(heard, now)
    const isSignallingDead = this.#ping(now)
    this.update({ isSilent: isMediaDead || isSignallingDead })
    if (isMediaDead || isSignallingDead) {
      // Drops the socket and resumes over a new one, and the media with it. The name is that of the
      // only public way there.
      await this.#room.simulateScenario('signal-reconnect')
    }
  }

  #ping(now: number): boolean {
    const { client } = this.#room.engine
    const step = this.#pings.look(client.rtt !== UNANSWERED, now)
    if (step === 'ping') {
      void client.sendPing()
      client.rtt = UNANSWERED
    }
    return step === 'dead'
  }
}

/** Null where there is no transport yet. */
async function listen(room: Room): Promise<Heard | null> {
  const transports = room.engine?.pcManager
  if (transports === undefined) {
    return null
  }
  const heard: Heard = { media: 0, anything: 0 }
  for (const transport of [transports.publisher, transports.subscriber]) {
    const report = await transport?.getStats()?.catch(() => undefined)
    for (const entry of report?.values() ?? []) {
      if (entry.type === 'inbound-rtp') {
        heard.media += entry.packetsReceived ?? 0
      } else if (entry.type === 'candidate-pair') {
        heard.anything += (entry.responsesReceived ?? 0) + (entry.requestsReceived ?? 0) + (entry.packetsReceived ?? 0)
      }
    }
  }
  heard.anything += heard.media
  return heard
}
