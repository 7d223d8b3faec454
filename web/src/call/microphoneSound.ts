/**
 * Changes the microphone's sound before it is sent: original sound, or voices with less noise.
 * Follows the person's settings, also during a call.
 */
import type { LocalAudioTrack, Room } from 'livekit-client'
import { preferences } from '@/lib/preferences'
import { Cell } from '@/lib/store'
import { soundConstraints } from './capture'
import type { NoiseFilter } from './noise/noiseFilter'

export interface MicrophoneSoundState {
  /** Whether noise reduction was asked for and could not be started. */
  hasFailed: boolean
}

export class MicrophoneSound extends Cell<MicrophoneSoundState> {
  readonly #room: Room
  readonly #stopFollowing: () => void
  /** The tracks that are heard as they are. */
  readonly #originals = new WeakSet<LocalAudioTrack>()
  #track: LocalAudioTrack | null = null
  #filter: NoiseFilter | null = null
  /** One change after another. */
  #work: Promise<void> = Promise.resolve()

  constructor(room: Room) {
    super({ hasFailed: false })
    this.#room = room
    this.#stopFollowing = preferences.subscribe(() => this.#review())
  }

  /** This track is sent now. */
  use(track: LocalAudioTrack): void {
    if (track !== this.#track && preferences.getSnapshot().hasOriginalSound) {
      this.#originals.add(track)
    }
    this.#track = track
    this.#review()
  }

  /** The microphone itself, before anything is done to its sound; null before it is sent. */
  source(): MediaStreamTrack | null {
    return this.#filter?.source ?? this.#track?.mediaStreamTrack ?? null
  }

  stop(): void {
    this.#stopFollowing()
    this.#track = null
  }

  #review(): void {
    const { audioCaptureDefaults } = this.#room.options ?? {}
    if (audioCaptureDefaults !== undefined) {
      Object.assign(audioCaptureDefaults, soundConstraints())
    }
    this.#work = this.#work.then(() => this.#apply()).catch(() => this.update({ hasFailed: true }))
  }

  async #apply(): Promise<void> {
    const track = this.#track
    if (track === null) {
      return
    }
    const { hasOriginalSound, hasNoiseReduction } = preferences.getSnapshot()
    if (hasOriginalSound !== this.#originals.has(track)) {
      const { deviceId } = track.getSourceTrackSettings()
      await track.restartTrack({ ...soundConstraints(), deviceId: { ideal: deviceId ?? 'default' } })
      this.#originals[hasOriginalSound ? 'add' : 'delete'](track)
    }
    const isWanted = hasNoiseReduction && !hasOriginalSound
    const isFiltered = this.#filter !== null && track.getProcessor() === this.#filter
    if (!isWanted) {
      this.#filter = null
      this.update({ hasFailed: false })
      if (isFiltered) {
        await track.stopProcessor()
      }
    } else if (!isFiltered) {
      await this.#startFilter(track)
    }
  }

  async #startFilter(track: LocalAudioTrack): Promise<void> {
    const { NoiseFilter, sharedAudioContext } = await import('./noise/noiseFilter')
    // livekit-client wants one before it takes a filter; the filter brings its own.
    await track.setAudioContext(sharedAudioContext())
    const filter = new NoiseFilter()
    await track.setProcessor(filter)
    this.#filter = filter
    this.update({ hasFailed: false })
  }
}
