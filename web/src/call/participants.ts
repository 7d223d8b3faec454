/** A participant as the page shows one: an immutable view that is replaced when something visible changes. */
import {
  ConnectionQuality,
  type LocalParticipant,
  type Participant,
  ParticipantEvent,
  Track,
  type VideoTrack,
} from 'livekit-client'
import type { Watchable } from '@/lib/store'

export interface ParticipantView {
  identity: string
  name: string
  isLocal: boolean
  isHost: boolean
  isSpeaking: boolean
  isMuted: boolean
  /** The camera picture; null while the camera is off or the picture has not arrived. */
  video: VideoTrack | null
  /** Whether the picture is this person's mirror image: their own, from a camera that faces them. */
  isMirrored: boolean
  connection: 'good' | 'weak' | 'lost'
}

const VISIBLE_CHANGES = [
  ParticipantEvent.AttributesChanged,
  ParticipantEvent.ConnectionQualityChanged,
  ParticipantEvent.IsSpeakingChanged,
  ParticipantEvent.LocalTrackPublished,
  ParticipantEvent.LocalTrackUnpublished,
  ParticipantEvent.ParticipantNameChanged,
  ParticipantEvent.TrackMuted,
  ParticipantEvent.TrackPublished,
  ParticipantEvent.TrackSubscribed,
  ParticipantEvent.TrackUnmuted,
  ParticipantEvent.TrackUnpublished,
  ParticipantEvent.TrackUnsubscribed,
] as const

/** How long the mark of a speaker stays after they fell silent: people pause between words. */
export const SPEAKING_HOLD_MS = 800

const watches = new WeakMap<Participant, Watchable<ParticipantView>>()

/** The view of a participant; the same object for the same participant. */
export function watchParticipant(participant: Participant): Watchable<ParticipantView> {
  const known = watches.get(participant)
  if (known !== undefined) {
    return known
  }
  const hold = new SpeakingHold(participant)
  let view = viewOf(participant, hold.isOn)
  const watch: Watchable<ParticipantView> = {
    subscribe(listener) {
      for (const event of VISIBLE_CHANGES) {
        participant.on(event, listener)
      }
      hold.add(listener)
      return () => {
        hold.remove(listener)
        for (const event of VISIBLE_CHANGES) {
          participant.off(event, listener)
        }
      }
    },
    getSnapshot() {
      const next = viewOf(participant, hold.isOn)
      if ((Object.keys(next) as (keyof ParticipantView)[]).some((key) => next[key] !== view[key])) {
        view = next
      }
      return view
    },
  }
  watches.set(participant, watch)
  return watch
}

/** On while somebody speaks and for a moment afterwards, while anybody watches. */
class SpeakingHold {
  readonly #participant: Participant
  readonly #listeners = new Set<() => void>()
  #timer: number | undefined
  isOn = false

  constructor(participant: Participant) {
    this.#participant = participant
  }

  add(listener: () => void): void {
    if (this.#listeners.size === 0) {
      this.isOn = this.#participant.isSpeaking
      this.#participant.on(ParticipantEvent.IsSpeakingChanged, this.#follow)
    }
    this.#listeners.add(listener)
  }

  remove(listener: () => void): void {
    this.#listeners.delete(listener)
    if (this.#listeners.size === 0) {
      this.#participant.off(ParticipantEvent.IsSpeakingChanged, this.#follow)
      window.clearTimeout(this.#timer)
      this.isOn = false
    }
  }

  readonly #follow = (isSpeaking: boolean): void => {
    window.clearTimeout(this.#timer)
    if (isSpeaking) {
      this.isOn = true
      return
    }
    this.#timer = window.setTimeout(() => {
      this.isOn = false
      for (const listener of [...this.#listeners]) {
        listener()
      }
    }, SPEAKING_HOLD_MS)
  }
}

function viewOf(participant: Participant, wasJustSpeaking: boolean): ParticipantView {
  const camera = participant.getTrackPublication(Track.Source.Camera)
  const microphone = participant.getTrackPublication(Track.Source.Microphone)
  const isMuted = microphone === undefined || microphone.isMuted
  const video = camera !== undefined && !camera.isMuted ? (camera.videoTrack ?? null) : null
  return {
    identity: participant.identity,
    name: shownName(participant),
    isLocal: participant.isLocal,
    isHost: participant.attributes.role === 'owner',
    isSpeaking: (participant.isSpeaking || wasJustSpeaking) && !isMuted,
    isMuted,
    video,
    isMirrored: participant.isLocal && video?.mediaStreamTrack.getSettings().facingMode !== 'environment',
    connection: connectionOf(participant),
  }
}

function shownName({ name, identity }: Participant): string {
  return name?.trim() || identity.slice(0, 8)
}

function connectionOf(participant: Participant): ParticipantView['connection'] {
  switch (participant.connectionQuality) {
    case ConnectionQuality.Poor:
      return 'weak'
    case ConnectionQuality.Lost:
      return 'lost'
    default:
      return 'good'
  }
}

/** When the meeting began for us: the earliest join among those inside, in milliseconds since the epoch, or null. */
export function meetingStart(local: LocalParticipant, remotes: Iterable<Participant>): number | null {
  const joins = [local, ...remotes].flatMap(({ joinedAt }) => joinedAt?.getTime() ?? [])
  const real = joins.filter((time) => time > 0)
  return real.length > 0 ? Math.min(...real) : null
}
