/**
 * Microphone and camera as the person wants them. What others see and hear follows as soon as the
 * connection allows, over reconnects too.
 */
import {
  LocalAudioTrack,
  type LocalTrackPublication,
  LocalVideoTrack,
  type Room,
  RoomEvent,
  Track,
  VideoPresets,
} from 'livekit-client'
import { Cell } from '@/lib/store'
import { BackgroundError, background } from './background/background'
import { hideBackground, isHidden } from './background/hiding'
import {
  type CaptureResult,
  cameraConstraints,
  type InputKind,
  microphoneConstraints,
  openInput,
  otherSide,
} from './capture'
import { type DeviceProblem, explainFailure, findObstacle, inspectSurroundings } from './deviceProblem'
import type { DeviceKind } from './devices'

export interface CallInput {
  /** Whether it is on or about to be; false once it could not be opened. */
  isOn: boolean
  isBusy: boolean
  problem: DeviceProblem | null
  /**
   * Whether somebody else turned it off, until it is on again or the person has put the notice
   * away.
   */
  wasTurnedOff?: boolean
  /** Whether the hosts have taken the right to turn it on. */
  isForbidden?: boolean
  /** Whether they have given it back, until it is on or the person has put the notice away. */
  isAllowedAgain?: boolean
}

export type InputsState = Record<InputKind, CallInput>

/** The tracks and choices that a person brings along from the preview. */
export interface InitialMedia {
  /** Tracks that are already open; the call stops them. */
  tracks: Record<InputKind, MediaStreamTrack | null>
  wants: Record<InputKind, boolean>
}

export interface InputsOptions {
  room: Room
  initialMedia: InitialMedia
  deviceIds: Readonly<Record<DeviceKind, string | null>>
  isConnected: () => boolean
  /** A microphone is being sent, for the first time or again. */
  onMicrophone?: (track: LocalAudioTrack) => void
}

const KINDS = ['microphone', 'camera'] as const
const SOURCES = { microphone: Track.Source.Microphone, camera: Track.Source.Camera } as const
const ROOM_KINDS = { microphone: 'audioinput', camera: 'videoinput', speaker: 'audiooutput' } as const

export class Inputs extends Cell<InputsState> {
  readonly #room: Room
  readonly #isConnected: () => boolean
  readonly #onMicrophone: (track: LocalAudioTrack) => void
  #tracks: Record<InputKind, MediaStreamTrack | null>
  #late: Record<InputKind, Promise<CaptureResult> | null> = { microphone: null, camera: null }
  readonly #deviceIds: Record<DeviceKind, string | null>
  readonly #stopFollowing: () => void
  #isHeld = false
  #isResting = false

  constructor({ room, initialMedia, deviceIds, isConnected, onMicrophone }: InputsOptions) {
    const input = { isBusy: false, problem: null }
    super({
      microphone: { ...input, isOn: initialMedia.wants.microphone },
      camera: { ...input, isOn: initialMedia.wants.camera },
    })
    this.#room = room
    this.#isConnected = isConnected
    this.#onMicrophone = onMicrophone ?? (() => undefined)
    this.#tracks = { ...initialMedia.tracks }
    this.#deviceIds = { ...deviceIds }
    room
      .on(RoomEvent.TrackMuted, ({ source }, { isLocal }) => isLocal && this.#follow(source, false))
      .on(RoomEvent.TrackUnmuted, ({ source }, { isLocal }) => isLocal && this.#follow(source, true))
    this.#stopFollowing = background.subscribe(() => {
      const track = this.#cameraTrack()
      if (track !== null && !track.isMuted && this.#isConnected() && isHidden(track) !== background.isWanted()) {
        void this.#settle('camera')
      }
    })
  }

  /** Replaces what the person brings along; the tracks brought before are the caller's again. */
  bring({ tracks, wants }: InitialMedia): void {
    this.#tracks = { ...tracks }
    this.#change('microphone', { isOn: wants.microphone })
    this.#change('camera', { isOn: wants.camera })
  }

  /**
   * Takes over devices that may still be opening: entering waits for none of them, and each is
   * published once it is open.
   */
  receive(late: Record<InputKind, Promise<CaptureResult> | null>): void {
    this.#dropLate('microphone')
    this.#dropLate('camera')
    this.#late = { ...late }
  }

  /** Sets which inputs this person may turn on. The others go off and stay so by themselves. */
  permit(rights: Readonly<Record<InputKind, boolean>>): void {
    for (const kind of KINDS) {
      const { isOn, isForbidden = false } = this.getSnapshot()[kind]
      if (isForbidden && rights[kind]) {
        this.#change(kind, { isForbidden: false, wasTurnedOff: false, isAllowedAgain: true })
      } else if (!isForbidden && !rights[kind]) {
        this.#change(kind, { isForbidden: true, wasTurnedOff: true, isAllowedAgain: false })
      }
      if (isOn && !rights[kind]) {
        this.#takeTrack(kind)?.stop()
        this.#dropLate(kind)
        this.#change(kind, { isOn: false })
      }
    }
  }

  /** Turns an input on or off. What is wanted last counts, also while a device is still opening. */
  async turn(kind: InputKind, isOn: boolean): Promise<void> {
    if (isOn && this.getSnapshot()[kind].isForbidden) {
      return
    }
    if (!this.#isConnected()) {
      this.#change(kind, { isOn, problem: null })
      if (!isOn) {
        // Nobody may hear or see more of this person when the connection is back.
        await this.#publication(kind)?.track?.mute()
      }
      return
    }
    this.#change(kind, { isOn, problem: null, wasTurnedOff: false, isAllowedAgain: false })
    await this.#settle(kind)
  }

  /** Unmutes the microphone until `false` is given; a device that opens too late is not heard. */
  async hold(isHeld: boolean): Promise<void> {
    this.#isHeld = isHeld
    if (isHeld || this.getSnapshot().microphone.isOn) {
      await this.turn('microphone', isHeld)
    }
  }

  /** Brings the tracks in line with what was chosen while the connection was away. */
  catchUp(): void {
    for (const kind of KINDS) {
      const publication = this.#publication(kind)
      if (publication?.track !== undefined && publication.isMuted === this.getSnapshot()[kind].isOn) {
        void this.#settle(kind)
      }
    }
  }

  /**
   * Gets an input's device anew, where a phone may have left a dead track behind. It is told when
   * the phone does not give it.
   */
  async renew(kind: InputKind): Promise<void> {
    const publication = this.#publication(kind)
    const track = publication?.track
    if (track === undefined || publication?.isMuted || !this.getSnapshot()[kind].isOn) {
      return
    }
    try {
      await (track as LocalAudioTrack | LocalVideoTrack).restartTrack()
    } catch {
      this.#change(kind, { isOn: false, problem: 'taken' })
      // The others read that nothing comes; turning it on again opens the device.
      await track.mute().catch(() => undefined)
    }
  }

  /** Rests the camera, or ends its rest; the person's choice stays as it is. */
  async rest(isResting: boolean): Promise<void> {
    const track = this.#publication('camera')?.track
    if (track === undefined || !this.getSnapshot().camera.isOn || isResting === this.#isResting) {
      return
    }
    this.#isResting = isResting
    try {
      await (isResting ? track.mute() : track.unmute())
    } catch {
      this.#change('camera', { isOn: false, problem: 'taken' })
    }
  }

  /** Changes between the camera in front and the one behind. */
  async flipCamera(): Promise<void> {
    const track = this.#publication('camera')?.track
    if (track instanceof LocalVideoTrack) {
      const facingMode = otherSide(track.getSourceTrackSettings())
      try {
        await track.restartTrack({ facingMode, resolution: VideoPresets.h720.resolution })
      } catch (error) {
        this.#change('camera', { isOn: false, problem: explainFailure(error) })
        await track.mute().catch(() => undefined)
      }
    }
  }

  toggle(kind: InputKind): void {
    void this.turn(kind, !this.getSnapshot()[kind].isOn)
  }

  dismissProblem(kind: InputKind): void {
    this.#change(kind, { problem: null, wasTurnedOff: false, isAllowedAgain: false })
  }

  /** Uses another device from now on. */
  async switchDevice(kind: DeviceKind, id: string): Promise<void> {
    this.#deviceIds[kind] = id
    try {
      await this.#room.switchActiveDevice(ROOM_KINDS[kind], id)
    } catch (error) {
      if (error instanceof BackgroundError) {
        await this.#giveUpBackground('failed')
      } else if (kind !== 'speaker') {
        this.#change(kind, { isOn: false, problem: explainFailure(error) })
      }
    }
  }

  /** The device of each kind that is open now, by its id. */
  devicesInUse(): Record<DeviceKind, string | null> {
    const deviceOf = (kind: InputKind) =>
      (this.#publication(kind)?.track as LocalAudioTrack | LocalVideoTrack | undefined)?.getSourceTrackSettings()
        .deviceId ?? null
    return {
      microphone: deviceOf('microphone'),
      camera: deviceOf('camera'),
      speaker: this.#room.getActiveDevice('audiooutput') ?? null,
    }
  }

  /**
   * Brings what others get in line with what the person wants, right after a connection was made.
   */
  async publish(): Promise<void> {
    await Promise.all(KINDS.map((kind) => this.#publish(kind)))
  }

  /** Stops the tracks that were brought along and never published. */
  stop(): void {
    this.#stopFollowing()
    for (const kind of KINDS) {
      this.#takeTrack(kind)?.stop()
      this.#dropLate(kind)
    }
  }

  async #publish(kind: InputKind): Promise<void> {
    if (!this.getSnapshot()[kind].isOn) {
      this.#takeTrack(kind)?.stop()
      this.#dropLate(kind)
      return
    }
    await this.#settle(kind)
  }

  /** Makes what others get what the person wants; who changes their mind meanwhile is followed. */
  async #settle(kind: InputKind): Promise<void> {
    if (this.getSnapshot()[kind].isBusy) {
      return
    }
    this.#change(kind, { isBusy: true })
    let problem: DeviceProblem | null = null
    const wanted = () => `${this.getSnapshot()[kind].isOn} ${kind === 'camera' && background.isWanted()}`
    let applied: string | null = null
    while (problem === null && applied !== wanted()) {
      applied = wanted()
      problem = await this.#apply(kind, this.getSnapshot()[kind].isOn)
    }
    this.#change(kind, { isBusy: false, ...(problem === null ? {} : { isOn: false, problem }) })
  }

  async #apply(kind: InputKind, isOn: boolean): Promise<DeviceProblem | null> {
    const { localParticipant } = this.#room
    try {
      const open = isOn ? await this.#takeOpen(kind) : { track: null, problem: null }
      if (open === null || open.problem !== null) {
        return open?.problem ?? null
      }
      if (isOn && !this.getSnapshot()[kind].isOn) {
        open.track?.stop()
        return null
      }
      if (open.track?.readyState === 'live') {
        await this.#send(kind, open.track)
        return null
      }
      const obstacle = isOn ? findObstacle(inspectSurroundings(kind)) : null
      if (obstacle !== null) {
        return obstacle
      }
      if (isOn && kind === 'camera' && !(await this.#prepareCamera())) {
        return await this.#openAndSend(kind)
      }
      if (isOn && this.#isHeld && this.#publication(kind) === undefined) {
        return await this.#openAndSend(kind)
      }
      await (kind === 'microphone'
        ? localParticipant.setMicrophoneEnabled(isOn)
        : localParticipant.setCameraEnabled(isOn))
      if (isOn) {
        this.#tellOfMicrophone()
      }
      return null
    } catch (error) {
      if (error instanceof BackgroundError) {
        await this.#giveUpBackground('failed')
        return null
      }
      // When the connection broke meanwhile the device is fine; it is published again after
      // reconnecting.
      return this.#isConnected() ? explainFailure(error) : null
    }
  }

  /** Opens a device and sends it, unless it is unwanted by then. */
  async #openAndSend(kind: InputKind): Promise<DeviceProblem | null> {
    const { track, problem } = await openInput(kind, this.#deviceIds[kind])
    if (track === null || !this.getSnapshot()[kind].isOn) {
      track?.stop()
      return problem
    }
    await this.#send(kind, track)
    return null
  }

  async #send(kind: InputKind, track: MediaStreamTrack): Promise<void> {
    const wrapped = this.#wrap(kind, track)
    if (wrapped instanceof LocalVideoTrack && background.isWanted()) {
      try {
        await hideBackground(wrapped, (trouble) => void this.#giveUpBackground(trouble))
      } catch (error) {
        wrapped.stop()
        throw error
      }
      if (!this.getSnapshot()[kind].isOn) {
        wrapped.stop()
        return
      }
    }
    await this.#room.localParticipant.publishTrack(wrapped, { source: SOURCES[kind] })
    this.#tellOfMicrophone()
  }

  /**
   * Makes the camera that was sent before hide its background or show it, as is wanted. False where
   * it has to be opened and prepared before anything of it is sent.
   */
  async #prepareCamera(): Promise<boolean> {
    const track = this.#cameraTrack()
    if (track === null) {
      return !background.isWanted()
    }
    if (isHidden(track) === background.isWanted()) {
      return true
    }
    if (track.isMuted) {
      await this.#room.localParticipant.unpublishTrack(track)
      return !background.isWanted()
    }
    if (background.isWanted()) {
      await hideBackground(track, (trouble) => void this.#giveUpBackground(trouble))
    } else {
      await track.stopProcessor()
    }
    return true
  }

  /** The camera goes off and says why: a background that should be hidden is never shown. */
  async #giveUpBackground(trouble: 'failed' | 'slow'): Promise<void> {
    background.report(trouble)
    this.#change('camera', { isOn: false, problem: null })
    const track = this.#cameraTrack()
    if (track !== null) {
      await this.#room.localParticipant.unpublishTrack(track).catch(() => undefined)
    }
  }

  #cameraTrack(): LocalVideoTrack | null {
    const track = this.#publication('camera')?.track
    return track instanceof LocalVideoTrack ? track : null
  }

  #publication(kind: InputKind): LocalTrackPublication | undefined {
    return this.#room.localParticipant.getTrackPublication(SOURCES[kind])
  }

  #tellOfMicrophone(): void {
    const track = this.#publication('microphone')?.track
    if (track instanceof LocalAudioTrack) {
      this.#onMicrophone(track)
    }
  }

  #wrap(kind: InputKind, track: MediaStreamTrack): LocalAudioTrack | LocalVideoTrack {
    const id = this.#deviceIds[kind]
    // `false`: the track is ours to stop and to open again, as if livekit-client had opened it.
    return kind === 'microphone'
      ? new LocalAudioTrack(track, microphoneConstraints(id), false)
      : new LocalVideoTrack(track, cameraConstraints(id), false)
  }

  #takeTrack(kind: InputKind): MediaStreamTrack | null {
    const track = this.#tracks[kind]
    this.#tracks[kind] = null
    return track
  }

  /**
   * The device that was brought along; nothing in it when none was. Null when it was still opening
   * and is wanted no more.
   */
  async #takeOpen(kind: InputKind): Promise<CaptureResult | null> {
    const brought = this.#takeTrack(kind)
    const late = this.#late[kind]
    if (late === null) {
      return { track: brought, problem: null }
    }
    const opened = await late
    if (brought !== opened.track) {
      brought?.stop()
    }
    if (this.#late[kind] !== late) {
      return null
    }
    this.#late[kind] = null
    return opened
  }

  #dropLate(kind: InputKind): void {
    void this.#late[kind]?.then(({ track }) => track?.stop())
    this.#late[kind] = null
  }

  /** The server muted or unmuted a track: what the person wants is what they now see. */
  #follow(source: Track.Source, isOn: boolean): void {
    const kind = KINDS.find((candidate) => SOURCES[candidate] === source)
    const isOurs = kind === 'camera' && this.#isResting
    if (kind !== undefined && !isOurs && this.#isConnected() && !this.getSnapshot()[kind].isBusy) {
      this.#change(kind, { isOn, wasTurnedOff: !isOn })
    }
  }

  #change(kind: InputKind, change: Partial<CallInput>): void {
    this.update({ [kind]: { ...this.getSnapshot()[kind], ...change } })
  }
}
