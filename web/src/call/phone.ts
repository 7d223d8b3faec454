/**
 * Life on a phone, which takes microphone and camera away: for a telephone call, and whenever the
 * page goes to the background.
 *
 * - In the background the camera rests and the others are told, instead of a picture that stands
 *   still.
 * - Afterwards iOS may leave tracks that say they are live and give nothing, so that the devices
 *   are opened anew: when the page is seen again, and when a track that was muted comes back.
 */
import { type LocalTrackPublication, type Room, RoomEvent, Track, TrackEvent } from 'livekit-client'
import type { InputKind } from './capture'
import type { Inputs } from './inputs'

export interface PhoneOptions {
  room: Room
  inputs: Pick<Inputs, 'renew' | 'rest'>
  /** Tells the others that this person is away, or back. Rejects when that failed. */
  tell: (isAway: boolean) => Promise<void>
  /** Starts the sound of the others again. */
  startSound: () => void
}

const MOST_ATTEMPTS = 5
const RETRY_MS = 2_000

const KINDS: Partial<Record<Track.Source, InputKind>> = {
  [Track.Source.Microphone]: 'microphone',
  [Track.Source.Camera]: 'camera',
}

export class Phone {
  readonly #options: PhoneOptions
  readonly #lifetime = new AbortController()
  #isAway = false

  constructor(options: PhoneOptions) {
    this.#options = options
    const { signal } = this.#lifetime
    document.addEventListener('visibilitychange', () => void this.#look(), { signal })
    options.room.on(RoomEvent.LocalTrackPublished, (publication) => this.#follow(publication))
  }

  stop(): void {
    this.#lifetime.abort()
  }

  /** The page was hidden or is seen again. */
  async #look(): Promise<void> {
    const isAway = document.visibilityState === 'hidden'
    if (isAway === this.#isAway) {
      return
    }
    this.#isAway = isAway
    void this.#tell(isAway)
    if (!isAway) {
      this.#options.startSound()
      await this.#options.inputs.renew('microphone')
    }
    await this.#options.inputs.rest(isAway)
  }

  async #tell(isAway: boolean): Promise<void> {
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt += 1) {
      try {
        await this.#options.tell(isAway)
        return
      } catch {
        await new Promise((resolve) => window.setTimeout(resolve, RETRY_MS))
      }
      if (isAway !== this.#isAway || this.#lifetime.signal.aborted) {
        return
      }
    }
  }

  #follow({ source, track }: LocalTrackPublication): void {
    const kind = KINDS[source]
    if (kind === undefined || track === undefined) {
      return
    }
    // livekit-client pauses sending while the system mutes a track, and goes on with it afterwards.
    track.on(TrackEvent.UpstreamResumed, () => {
      if (!this.#isAway && !this.#lifetime.signal.aborted) {
        this.#options.startSound()
        void this.#options.inputs.renew(kind)
      }
    })
  }
}
