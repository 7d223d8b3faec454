/**
 * The people in a meeting as the page shows them: values that are replaced when something visible
 * changes.
 */
import {
  ConnectionQuality,
  type Participant as LiveKitParticipant,
  LocalVideoTrack,
  ParticipantEvent,
  type Room,
  RoomEvent,
  Track,
  TrackEvent,
} from 'livekit-client'
import { Cell, type Watchable } from '@/lib/store'

/** A live picture that can be shown in any number of elements. */
export interface Picture {
  attach(element: HTMLMediaElement): unknown
  detach(element: HTMLMediaElement): unknown
}

export interface ParticipantView {
  id: string
  name: string
  /** The name with a number where somebody else has the same one: "Ada", "Ada (2)". */
  shownName: string
  isLocal: boolean
  isHost: boolean
  /** A guest whose name passes for that of a host, as the server found. */
  isLookalike: boolean
  /** Whether their page is in the background of a phone. */
  isAway: boolean
  isSpeaking: boolean
  isMuted: boolean
  /** The camera picture; null while the camera is off or the picture has not arrived. */
  camera: Picture | null
  /**
   * Whether the camera picture is this person's mirror image: their own, from a camera that faces
   * them.
   */
  isMirrored: boolean
  /** The picture of their screen; null while they share none or the picture has not arrived. */
  screen: Picture | null
  /** The size of their screen in pixels as it was sent; 0 before that is known. */
  screenWidth: number
  screenHeight: number
  connection: 'good' | 'weak' | 'lost'
}

export interface Participant {
  readonly id: string
  readonly isLocal: boolean
  /** Whether they share their screen, even when its picture has not arrived. */
  readonly sharesScreen: boolean
  readonly view: Watchable<ParticipantView>
}

export interface ParticipantsState {
  /** This person first, then the others in the order in which they came. */
  all: readonly Participant[]
  /**
   * When the meeting began for us, on the clock of `performance.now()`; null before that is known.
   * The server says how long before us others came; the visitor's clock may be wrong by a day.
   */
  startedAt: number | null
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

const LIST_CHANGES = [
  RoomEvent.Connected,
  RoomEvent.ConnectionStateChanged,
  RoomEvent.LocalTrackPublished,
  RoomEvent.LocalTrackUnpublished,
  RoomEvent.ParticipantConnected,
  RoomEvent.ParticipantDisconnected,
  RoomEvent.ParticipantNameChanged,
  RoomEvent.Reconnected,
  RoomEvent.TrackPublished,
  RoomEvent.TrackUnpublished,
] as const

/** How long the mark of a speaker stays after they fell silent: people pause between words. */
export const SPEAKING_HOLD_MS = 800

export class Participants extends Cell<ParticipantsState> {
  readonly #room: Room
  readonly #watched = new WeakMap<LiveKitParticipant, WatchedParticipant>()
  /**
   * The number behind a name. It is kept while somebody is inside: a name that changes hands
   * deceives.
   */
  readonly #numbers = new Map<string, number>()
  /** Our own joining, on the server's clock and on ours. */
  #joined: { server: number; here: number } | null = null

  constructor(room: Room) {
    super({ all: [], startedAt: null })
    this.#room = room
    for (const event of LIST_CHANGES) {
      room.on(event, this.#refresh)
    }
    this.#refresh()
  }

  /** The name of somebody inside as it is shown; empty for anybody else. */
  nameOf(id: string): string {
    return (
      this.getSnapshot()
        .all.find((one) => one.id === id)
        ?.view.getSnapshot().shownName ?? ''
    )
  }

  /** Tells the names of those who come and go, until the returned function is called. */
  watchComings(onJoined: (name: string) => void, onLeft: (name: string) => void): () => void {
    const joined = (participant: LiveKitParticipant) => onJoined(this.#watch(participant).getSnapshot().shownName)
    const left = (participant: LiveKitParticipant) => onLeft(this.#watch(participant).getSnapshot().shownName)
    this.#room.on(RoomEvent.ParticipantConnected, joined).on(RoomEvent.ParticipantDisconnected, left)
    return () => {
      this.#room.off(RoomEvent.ParticipantConnected, joined).off(RoomEvent.ParticipantDisconnected, left)
    }
  }

  readonly #refresh = (): void => {
    const inside = [this.#room.localParticipant, ...this.#room.remoteParticipants.values()]
    this.#number(inside)
    const all = inside.map((participant) => this.#watch(participant).participant())
    const before = this.getSnapshot()
    const isSame = all.length === before.all.length && all.every((one, index) => one === before.all[index])
    const startedAt = earlier(before.startedAt, this.#findStart(inside))
    this.update({ all: isSame ? before.all : all, startedAt })
  }

  #findStart(inside: readonly LiveKitParticipant[]): number | null {
    const { sid, joinedAt } = this.#room.localParticipant
    const own = joinedAt?.getTime() ?? 0
    // Before the server told of us, livekit-client answers with our own clock, which may be wrong.
    if (this.#joined === null && sid !== '' && own > 0) {
      this.#joined = { server: own, here: performance.now() }
    }
    const start = meetingStart(inside)
    return this.#joined === null || start === null ? null : this.#joined.here - (this.#joined.server - start)
  }

  #watch(participant: LiveKitParticipant): WatchedParticipant {
    const known = this.#watched.get(participant)
    if (known !== undefined) {
      return known
    }
    const watched = new WatchedParticipant(participant)
    this.#watched.set(participant, watched)
    return watched
  }

  #number(inside: readonly LiveKitParticipant[]): void {
    const ids = new Set(inside.map(({ identity }) => identity))
    for (const id of this.#numbers.keys()) {
      if (!ids.has(id)) {
        this.#numbers.delete(id)
      }
    }
    for (const [id, number] of numberNames(inside.map(nameEntry), this.#numbers)) {
      this.#numbers.set(id, number)
    }
    for (const participant of inside) {
      this.#watch(participant).number = this.#numbers.get(participant.identity) ?? 1
    }
  }
}

interface NameEntry {
  id: string
  name: string
  /** Milliseconds since 1970 on the server's clock; 0 when unknown. */
  joinedAt: number
}

/**
 * A number from 1 for each id, so that no two ids have the same name and number. Who came first has
 * 1. `given` are numbers that stay as they are, as long as the name does.
 */
export function numberNames(
  entries: readonly NameEntry[],
  given: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> {
  const numbers = new Map<string, number>()
  const taken = new Map<string, Set<number>>()
  const takenFor = (name: string) => {
    const key = name.normalize('NFKC').trim().toLocaleLowerCase()
    const known = taken.get(key) ?? new Set()
    taken.set(key, known)
    return known
  }
  const byComing = [...entries].sort(
    (one, other) => one.joinedAt - other.joinedAt || (one.id < other.id ? -1 : Number(one.id > other.id)),
  )
  const undecided: NameEntry[] = []
  for (const entry of byComing) {
    const number = given.get(entry.id)
    const used = takenFor(entry.name)
    if (number === undefined || used.has(number)) {
      undecided.push(entry)
    } else {
      used.add(number)
      numbers.set(entry.id, number)
    }
  }
  for (const { id, name } of undecided) {
    const used = takenFor(name)
    let number = 1
    while (used.has(number)) {
      number += 1
    }
    used.add(number)
    numbers.set(id, number)
  }
  return numbers
}

function nameEntry(participant: LiveKitParticipant): NameEntry {
  return {
    id: participant.identity,
    name: nameOf(participant),
    joinedAt: participant.joinedAt?.getTime() ?? 0,
  }
}

/** One participant, watched while anybody looks. */
class WatchedParticipant implements Watchable<ParticipantView> {
  readonly #source: LiveKitParticipant
  readonly #listeners = new Set<() => void>()
  readonly #speaking: SpeakingHold
  #number = 1
  #view: ParticipantView
  #ownCamera: Track | undefined
  #value: Participant | null = null

  constructor(source: LiveKitParticipant) {
    this.#source = source
    this.#speaking = new SpeakingHold(source, () => this.#tell())
    this.#view = this.#look()
  }

  set number(number: number) {
    if (number !== this.#number) {
      this.#number = number
      this.#tell()
    }
  }

  /** The participant as a value; the same object while nothing in it changes. */
  participant(): Participant {
    const { identity: id, isLocal } = this.#source
    const sharesScreen = this.#source.getTrackPublication(Track.Source.ScreenShare) !== undefined
    if (this.#value?.id !== id || this.#value.sharesScreen !== sharesScreen) {
      this.#value = { id, isLocal, sharesScreen, view: this }
    }
    return this.#value
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    if (this.#listeners.size === 0) {
      for (const event of VISIBLE_CHANGES) {
        this.#source.on(event, this.#tell)
      }
      this.#speaking.start()
      this.#followCamera()
    }
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
      if (this.#listeners.size === 0) {
        this.#speaking.stop()
        for (const event of VISIBLE_CHANGES) {
          this.#source.off(event, this.#tell)
        }
      }
    }
  }

  readonly getSnapshot = (): ParticipantView => {
    const next = this.#look()
    if ((Object.keys(next) as (keyof ParticipantView)[]).some((key) => next[key] !== this.#view[key])) {
      this.#view = next
    }
    return this.#view
  }

  readonly #tell = (): void => {
    this.#followCamera()
    for (const listener of [...this.#listeners]) {
      listener()
    }
  }

  /** One's own picture is mirrored or not by the camera, which can change under a track. */
  #followCamera(): void {
    const track = this.#source.isLocal ? this.#source.getTrackPublication(Track.Source.Camera)?.track : undefined
    if (track !== this.#ownCamera) {
      this.#ownCamera?.off(TrackEvent.Restarted, this.#tell)
      track?.on(TrackEvent.Restarted, this.#tell)
      this.#ownCamera = track
    }
  }

  #look(): ParticipantView {
    const source = this.#source
    const microphone = source.getTrackPublication(Track.Source.Microphone)
    const isMuted = microphone === undefined || microphone.isMuted
    const camera = pictureOf(source, Track.Source.Camera)
    const shared = source.getTrackPublication(Track.Source.ScreenShare)
    const name = nameOf(source)
    return {
      id: source.identity,
      name,
      shownName: this.#number > 1 ? `${name} (${this.#number})` : name,
      isLocal: source.isLocal,
      isHost: source.attributes.role === 'owner',
      isLookalike: source.attributes.lookalike === 'host' && source.attributes.role !== 'owner',
      isAway: source.attributes.away === 'true',
      isSpeaking: (source.isSpeaking || this.#speaking.isOn) && !isMuted,
      isMuted,
      camera,
      isMirrored: source.isLocal && !facesAway(camera),
      screen: pictureOf(source, Track.Source.ScreenShare),
      screenWidth: shared?.dimensions?.width ?? 0,
      screenHeight: shared?.dimensions?.height ?? 0,
      connection: connectionOf(source),
    }
  }
}

/** On while somebody speaks and for a moment afterwards. */
class SpeakingHold {
  readonly #participant: LiveKitParticipant
  readonly #onEnd: () => void
  #timer: number | undefined
  isOn = false

  constructor(participant: LiveKitParticipant, onEnd: () => void) {
    this.#participant = participant
    this.#onEnd = onEnd
  }

  start(): void {
    this.isOn = this.#participant.isSpeaking
    this.#participant.on(ParticipantEvent.IsSpeakingChanged, this.#follow)
  }

  stop(): void {
    this.#participant.off(ParticipantEvent.IsSpeakingChanged, this.#follow)
    window.clearTimeout(this.#timer)
    this.isOn = false
  }

  readonly #follow = (isSpeaking: boolean): void => {
    window.clearTimeout(this.#timer)
    if (isSpeaking) {
      this.isOn = true
      return
    }
    this.#timer = window.setTimeout(() => {
      this.isOn = false
      this.#onEnd()
    }, SPEAKING_HOLD_MS)
  }
}

function pictureOf(participant: LiveKitParticipant, source: Track.Source) {
  const publication = participant.getTrackPublication(source)
  return publication === undefined || publication.isMuted ? null : (publication.videoTrack ?? null)
}

/** Whether this is the back camera of a phone; effects may have made the track of it. */
function facesAway(camera: Track | null): boolean {
  const settings =
    camera instanceof LocalVideoTrack ? camera.getSourceTrackSettings() : camera?.mediaStreamTrack.getSettings()
  return settings?.facingMode === 'environment'
}

function nameOf({ name, identity }: LiveKitParticipant): string {
  return name?.trim() || identity.slice(0, 8)
}

function connectionOf(participant: LiveKitParticipant): ParticipantView['connection'] {
  switch (participant.connectionQuality) {
    case ConnectionQuality.Poor:
      return 'weak'
    case ConnectionQuality.Lost:
      return 'lost'
    default:
      return 'good'
  }
}

/**
 * When the meeting began for us: the earliest join among those inside, in milliseconds since 1970,
 * or null.
 */
export function meetingStart(inside: Iterable<Pick<LiveKitParticipant, 'joinedAt'>>): number | null {
  const joins = [...inside].flatMap(({ joinedAt }) => joinedAt?.getTime() ?? [])
  const real = joins.filter((time) => time > 0)
  return real.length > 0 ? Math.min(...real) : null
}

function earlier(one: number | null, other: number | null): number | null {
  return one === null || other === null ? (one ?? other) : Math.min(one, other)
}
