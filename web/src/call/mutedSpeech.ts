/**
 * Notices that somebody speaks while muted. The sound is looked at here and sent nowhere.
 */
import { preferences } from '@/lib/preferences'
import { Cell } from '@/lib/store'
import type { HoldToTalk } from './holdToTalk'
import type { Inputs } from './inputs'
import { followLevel } from './level'

/** One is left alone after muting oneself: people mute to say something to the room. */
const PEACE_MS = 10_000
/** The notice goes after so long. */
const SHOWN_MS = 10_000
/** A voice of so long is speech. */
export const SPEECH_MS = 3000
/** A silence of up to this long belongs to speech. */
const PAUSE_MS = 800
/** Levels below are silence in any room. */
const QUIET = 0.3
/** A voice is louder than the noise of the room by so much. */
const ABOVE_NOISE = 0.12
/** The noise of the room may seem to rise by so much per second; it falls at once. */
const NOISE_RISE = 0.05

/** Tells speech from the noise of a room by its level. Pure. */
export class SpeechCounter {
  #noise: number | null = null
  #since: number | null = null
  #voicedAt = 0
  #voicedFor = 0
  #lastAt = 0

  /** Takes a level from 0 to 1 at a time in milliseconds; true once it has been speech for long. */
  note(level: number, now: number): boolean {
    const passed = this.#noise === null ? 0 : now - this.#lastAt
    this.#lastAt = now
    this.#noise = Math.min(level, (this.#noise ?? level) + (NOISE_RISE * passed) / 1000)
    if (level > Math.max(QUIET, this.#noise + ABOVE_NOISE)) {
      this.#since ??= now
      this.#voicedAt = now
      this.#voicedFor += passed
    } else if (this.#since !== null && now - this.#voicedAt > PAUSE_MS) {
      this.#since = null
      this.#voicedFor = 0
    }
    const spokenFor = this.#since === null ? 0 : now - this.#since
    // Between clicks and claps there is more silence than between words.
    return spokenFor >= SPEECH_MS && this.#voicedFor >= spokenFor / 3
  }
}

export interface MutedSpeechOptions {
  inputs: Pick<Inputs, 'getSnapshot' | 'subscribe'>
  hold: Pick<HoldToTalk, 'getSnapshot' | 'subscribe'>
  /** The microphone itself; null where it was never opened. */
  microphone: () => MediaStreamTrack | null
}

export class MutedSpeech extends Cell<{ isNoticed: boolean }> {
  readonly #options: MutedSpeechOptions
  readonly #ends: (() => void)[]
  #wasOn: boolean
  #isHeld = false
  #timer: number | undefined
  #stopListening: (() => void) | null = null

  constructor(options: MutedSpeechOptions) {
    super({ isNoticed: false })
    this.#options = options
    this.#wasOn = options.inputs.getSnapshot().microphone.isOn
    this.#ends = [
      options.hold.subscribe(() => {
        this.#isHeld ||= options.hold.getSnapshot().isHeld
      }),
      options.inputs.subscribe(() => this.#review()),
      preferences.subscribe(() => !preferences.getSnapshot().tellsMutedSpeech && this.#rest()),
    ]
  }

  dismiss(): void {
    this.#rest()
  }

  stop(): void {
    for (const end of this.#ends) {
      end()
    }
    this.#rest()
  }

  #review(): void {
    const { isOn } = this.#options.inputs.getSnapshot().microphone
    if (isOn === this.#wasOn) {
      return
    }
    this.#wasOn = isOn
    this.#rest()
    if (isOn) {
      return
    }
    // Letting the key go is muting on purpose.
    if (!this.#isHeld && preferences.getSnapshot().tellsMutedSpeech) {
      this.#timer = window.setTimeout(() => this.#listen(), PEACE_MS)
    }
    this.#isHeld = false
  }

  #listen(): void {
    const microphone = this.#options.microphone()
    if (microphone === null || microphone.readyState !== 'live') {
      return
    }
    // The track that is sent stays silent; this copy is heard here alone.
    const copy = microphone.clone()
    copy.enabled = true
    const counter = new SpeechCounter()
    const stop = followLevel(copy, (level) => {
      if (counter.note(level, performance.now())) {
        this.#notice()
      }
    })
    this.#stopListening = () => {
      stop()
      copy.stop()
    }
  }

  #notice(): void {
    this.#rest()
    if (!this.#options.inputs.getSnapshot().microphone.isForbidden) {
      this.update({ isNoticed: true })
      this.#timer = window.setTimeout(() => this.#rest(), SHOWN_MS)
    }
  }

  #rest(): void {
    window.clearTimeout(this.#timer)
    this.#stopListening?.()
    this.#stopListening = null
    this.update({ isNoticed: false })
  }
}
