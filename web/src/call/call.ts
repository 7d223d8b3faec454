/**
 * One person's stay in a meeting: drives the connection state machine with the page's own calls and livekit-client, and
 * keeps microphone and camera as the person wants them, over reconnects too.
 */
import {
  type DataPacket_Kind,
  DefaultReconnectPolicy,
  DisconnectReason,
  LocalAudioTrack,
  LocalVideoTrack,
  LogLevel,
  type RemoteParticipant,
  Room,
  RoomEvent,
  type RoomOptions,
  setLogLevel,
  Track,
  VideoPresets,
} from 'livekit-client'
import {
  type Admission,
  type Credentials,
  type PageClient,
  PageError,
  type Role,
  type Ticket,
  type WaitingAnswer,
} from '@/api/page'
import { findSeat, keepSeat } from '@/lib/seat'
import { Cell } from '@/lib/store'
import { cameraConstraints, type InputKind, microphoneConstraints } from './capture'
import { CHAT_TOPIC, Chat } from './chat'
import {
  type ConnectionCommand,
  type ConnectionEvent,
  type ConnectionState,
  type DropReason,
  handleConnectionEvent,
} from './connection'
import { type DeviceProblem, explainFailure, findObstacle, inspectSurroundings } from './deviceProblem'
import type { DeviceKind } from './devices'
import { announceLateArrivals } from './lateArrivals'
import { WaitingList } from './waitingList'

export interface CallInput {
  /** What the person wants; what others see and hear follows as soon as the connection allows. */
  isOn: boolean
  isBusy: boolean
  problem: DeviceProblem | null
}

export interface CallState {
  connection: ConnectionState
  role: Role
  microphone: CallInput
  camera: CallInput
}

/** What a person brings along from the preview. */
export interface Luggage {
  /** Tracks that are already open; the call stops them. */
  tracks: Record<InputKind, MediaStreamTrack | null>
  wants: Record<InputKind, boolean>
}

export interface CallOptions extends Luggage {
  page: PageClient
  who: Credentials & { name: string }
  role: Role
  /** Whether the owner lets each guest in; then the owner is shown who waits. */
  needsApproval: boolean
  /** Whether people may write to one another here. */
  hasChat: boolean
  deviceIds: Readonly<Record<DeviceKind, string | null>>
  room?: Room
}

/**
 * The client's own attempts to resume, about 20 s in all; after that a new admission is asked for. They stay close
 * together, because people wait in silence meanwhile and a restarted server is back within seconds.
 */
const RESUME_DELAYS_MS = [0, 300, 700, 1000, 1000, 1000, 1000, 1000, 1500, 1500, 1500, 2000, 2000, 2000, 2000]

/** Where the server sends its hints about the room. */
const ROOM_TOPIC = 'moothall.room'

const SOURCES = { microphone: Track.Source.Microphone, camera: Track.Source.Camera } as const

function roomOptions(deviceIds: CallOptions['deviceIds']): RoomOptions {
  return {
    adaptiveStream: true,
    dynacast: true,
    // The server answers two peer connections; asking for one first would cost a round trip.
    singlePeerConnection: false,
    reconnectPolicy: new DefaultReconnectPolicy(RESUME_DELAYS_MS),
    audioCaptureDefaults: {
      echoCancellation: true,
      noiseSuppression: true,
      autoGainControl: true,
      ...(deviceIds.microphone === null ? {} : { deviceId: { ideal: deviceIds.microphone } }),
    },
    videoCaptureDefaults: {
      resolution: VideoPresets.h720.resolution,
      ...(deviceIds.camera === null ? {} : { deviceId: { ideal: deviceIds.camera } }),
    },
    ...(deviceIds.speaker === null ? {} : { audioOutput: { deviceId: deviceIds.speaker } }),
    publishDefaults: {
      videoCodec: 'vp8',
      backupCodec: false,
      simulcast: true,
      videoEncoding: VideoPresets.h720.encoding,
      videoSimulcastLayers: [VideoPresets.h180, VideoPresets.h360],
      degradationPreference: 'maintain-framerate',
      dtx: true,
    },
  }
}

export class Call extends Cell<CallState> {
  readonly room: Room
  /** Who waits before the door; stays empty for guests. */
  readonly waitingList: WaitingList
  /** What people write; stays empty where the room has no chat. */
  readonly chat: Chat
  readonly #options: CallOptions
  #tracks: Record<InputKind, MediaStreamTrack | null>
  readonly #deviceIds: Record<DeviceKind, string | null>
  readonly #lifetime = new AbortController()
  #admission: Admission | null = null
  #waitingToken: string | null = null
  #timer: number | undefined
  #isPageGoing = false

  constructor(options: CallOptions) {
    const input = { isBusy: false, problem: null }
    super({
      connection: { phase: 'idle' },
      role: options.role,
      microphone: { ...input, isOn: options.wants.microphone },
      camera: { ...input, isOn: options.wants.camera },
    })
    this.#options = options
    this.#tracks = { ...options.tracks }
    this.#deviceIds = { ...options.deviceIds }
    setLogLevel(LogLevel.error)
    this.room = options.room ?? new Room(roomOptions(options.deviceIds))
    const token = () => this.#admission?.control_token ?? ''
    const { page } = options
    this.waitingList = new WaitingList({
      list: () => page.listWaiting(token()),
      admit: (participantId) => page.admit(token(), participantId),
      deny: (participantId) => page.deny(token(), participantId),
    })
    this.chat = new Chat({
      say: (message) => page.say(token(), message),
      read: (after) => page.readChat(token(), after),
    })
    this.#listen()
  }

  /** Enters the meeting. How that goes is seen in the state. */
  join(): void {
    this.#handle({ type: 'JoinAsked' })
  }

  /** Replaces what the person brings along, as long as they are not inside; what was brought before is the caller's. */
  bring({ tracks, wants }: Luggage): void {
    const { connection } = this.getSnapshot()
    if (connection.phase === 'connected' || connection.phase === 'interrupted' || connection.phase === 'closed') {
      return
    }
    this.#tracks = { ...tracks }
    this.#change('microphone', { isOn: wants.microphone })
    this.#change('camera', { isOn: wants.camera })
  }

  leave(): void {
    this.#handle({ type: 'LeaveAsked' })
  }

  /**
   * Ends the session for everybody.
   * Raises `PageError` when the server refuses or cannot be reached; then the session goes on.
   */
  async endForAll(): Promise<void> {
    if (this.#admission === null) {
      throw new PageError('unavailable')
    }
    await this.#options.page.end(this.#admission.control_token)
    this.#handle({ type: 'Dropped', reason: 'ended' })
  }

  async turn(kind: InputKind, isOn: boolean): Promise<void> {
    if (this.getSnapshot()[kind].isBusy) {
      return
    }
    if (this.getSnapshot().connection.phase !== 'connected') {
      this.#change(kind, { isOn, problem: null })
      return
    }
    this.#change(kind, { isOn, isBusy: true, problem: null })
    const problem = await this.#apply(kind, isOn)
    this.#change(kind, { isOn: problem === null ? isOn : false, isBusy: false, problem })
  }

  dismissProblem(kind: InputKind): void {
    this.#change(kind, { problem: null })
  }

  /** Uses another device from now on. */
  async switchDevice(kind: DeviceKind, id: string): Promise<void> {
    const roomKind = { microphone: 'audioinput', camera: 'videoinput', speaker: 'audiooutput' } as const
    this.#deviceIds[kind] = id
    try {
      await this.room.switchActiveDevice(roomKind[kind], id)
    } catch (error) {
      if (kind !== 'speaker') {
        this.#change(kind, { isOn: false, problem: explainFailure(error) })
      }
    }
  }

  #listen(): void {
    announceLateArrivals(this.room)
    this.room
      .on(RoomEvent.Reconnecting, () => this.#handle({ type: 'Interrupted' }))
      .on(RoomEvent.SignalReconnecting, () => this.#handle({ type: 'Interrupted' }))
      .on(RoomEvent.Reconnected, () => this.#handle({ type: 'Resumed' }))
      .on(RoomEvent.Disconnected, (reason) => this.#handle({ type: 'Dropped', reason: this.#dropReason(reason) }))
      .on(RoomEvent.TrackMuted, (publication, participant) => {
        if (participant.isLocal) {
          this.#follow(publication.source, false)
        }
      })
      .on(RoomEvent.TrackUnmuted, (publication, participant) => {
        if (participant.isLocal) {
          this.#follow(publication.source, true)
        }
      })
      .on(
        RoomEvent.DataReceived,
        (
          bytes: Uint8Array,
          sender?: RemoteParticipant,
          _kind?: DataPacket_Kind,
          topic?: string,
          _encryption?: unknown,
          senderIdentity?: string,
        ) => {
          // Only the server speaks without being a participant. A sender may be unknown here and still have an identity.
          if (sender !== undefined || senderIdentity) {
            return
          }
          if (topic === ROOM_TOPIC) {
            this.#watchDoor()
          } else if (topic === CHAT_TOPIC && this.#options.hasChat) {
            this.chat.receive(bytes)
          }
        },
      )
    const { signal } = this.#lifetime
    const goes = () => {
      this.#isPageGoing = true
    }
    window.addEventListener('beforeunload', goes, { signal })
    window.addEventListener('pagehide', goes, { signal })
    // The network is back: no need to wait for the timer.
    window.addEventListener('online', () => this.#handle({ type: 'WaitElapsed' }), { signal })
  }

  #handle(event: ConnectionEvent): void {
    const before = this.getSnapshot().connection
    const { state, commands } = handleConnectionEvent(before, event, performance.now(), Math.random())
    if (state !== before) {
      window.clearTimeout(this.#timer)
    }
    this.update({ connection: state })
    if (state.phase === 'connected' && before.phase !== 'connected') {
      this.#catchUp()
    }
    for (const command of commands) {
      this.#execute(command)
    }
  }

  #execute(command: ConnectionCommand): void {
    switch (command.type) {
      case 'AskAdmission':
        void this.#askAdmission()
        break
      case 'AskWaiting':
        void this.#askWaiting()
        break
      case 'Connect':
        void this.#connect()
        break
      case 'Wait':
        this.#timer = window.setTimeout(() => this.#handle({ type: 'WaitElapsed' }), command.milliseconds)
        break
      case 'Disconnect':
        void this.#disconnect()
        break
    }
  }

  async #askAdmission(): Promise<void> {
    let answer: Admission | Ticket
    try {
      const { page, who } = this.#options
      answer = await page.join({ ...who, controlToken: findSeat(who.meetingCode) })
    } catch (error) {
      this.#refuse(error)
      return
    }
    if ('waiting_token' in answer) {
      this.#waitingToken = answer.waiting_token
      this.#handle({ type: 'Held', reason: answer.reason })
    } else {
      this.#admit(answer)
    }
  }

  async #askWaiting(): Promise<void> {
    let answer: WaitingAnswer
    try {
      answer = await this.#options.page.askWaiting(this.#waitingToken ?? '')
    } catch (error) {
      this.#refuse(error)
      return
    }
    switch (answer.status) {
      case 'waiting':
        this.#handle({ type: 'Held', reason: answer.reason })
        break
      case 'admitted':
        this.#admit(answer)
        break
      case 'denied':
        this.#handle({ type: 'Denied' })
        break
    }
  }

  #admit(admission: Admission): void {
    this.#admission = admission
    keepSeat(this.#options.who.meetingCode, admission.control_token)
    this.chat.noteMe(admission.participant_id)
    this.update({ role: admission.role })
    this.#handle({ type: 'Admitted' })
  }

  #refuse(error: unknown): void {
    const { code, retryAfter } = error instanceof PageError ? error : new PageError('unavailable')
    this.#handle({ type: 'Refused', code, retryAfter })
  }

  async #connect(): Promise<void> {
    const admission = this.#admission
    if (admission === null) {
      return
    }
    try {
      await this.room.connect(admission.url, admission.token)
    } catch {
      // A failed first connection raises and also emits Disconnected in some cases; the machine takes the first.
      this.#handle({ type: 'Dropped', reason: 'transient' })
      return
    }
    if (this.getSnapshot().connection.phase !== 'connecting') {
      await this.room.disconnect()
      return
    }
    this.#handle({ type: 'Connected' })
    await Promise.all([this.#publish('microphone'), this.#publish('camera')])
  }

  /** Brings what others get in line with what the person wants, right after entering. */
  async #publish(kind: InputKind): Promise<void> {
    if (!this.getSnapshot()[kind].isOn) {
      this.#takeTrack(kind)?.stop()
      return
    }
    this.#change(kind, { isBusy: true })
    const problem = await this.#apply(kind, true)
    this.#change(kind, { isBusy: false, ...(problem === null ? {} : { isOn: false, problem }) })
  }

  async #apply(kind: InputKind, isOn: boolean): Promise<DeviceProblem | null> {
    const { localParticipant } = this.room
    try {
      const open = isOn ? this.#takeTrack(kind) : null
      if (open !== null && open.readyState === 'live') {
        await localParticipant.publishTrack(this.#wrap(kind, open), { source: SOURCES[kind] })
        return null
      }
      const obstacle = isOn ? findObstacle(inspectSurroundings(kind)) : null
      if (obstacle !== null) {
        return obstacle
      }
      await (kind === 'microphone'
        ? localParticipant.setMicrophoneEnabled(isOn)
        : localParticipant.setCameraEnabled(isOn))
      return null
    } catch (error) {
      // When the connection broke meanwhile the device is fine; it is published again after reconnecting.
      return this.getSnapshot().connection.phase === 'connected' ? explainFailure(error) : null
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

  /** Asks for what may have happened while there was no connection. */
  #catchUp(): void {
    if (this.#options.needsApproval) {
      this.#watchDoor()
    }
    if (this.#options.hasChat) {
      void this.chat.refresh()
    }
  }

  #watchDoor(): void {
    const { connection, role } = this.getSnapshot()
    if (role === 'owner' && connection.phase === 'connected') {
      void this.waitingList.refresh()
    }
  }

  async #disconnect(): Promise<void> {
    this.#lifetime.abort()
    this.waitingList.stop()
    window.clearTimeout(this.#timer)
    this.#takeTrack('microphone')?.stop()
    this.#takeTrack('camera')?.stop()
    await this.room.disconnect()
  }

  /** The server, or the browser, muted or unmuted a track: what the person wants is what they now see. */
  #follow(source: Track.Source, isOn: boolean): void {
    const { connection } = this.getSnapshot()
    const kind = (['microphone', 'camera'] as const).find((candidate) => SOURCES[candidate] === source)
    if (kind !== undefined && connection.phase === 'connected' && !this.getSnapshot()[kind].isBusy) {
      this.#change(kind, { isOn })
    }
  }

  #change(kind: InputKind, change: Partial<CallInput>): void {
    this.update({ [kind]: { ...this.getSnapshot()[kind], ...change } })
  }

  #dropReason(reason: DisconnectReason | undefined): DropReason {
    switch (reason) {
      case DisconnectReason.ROOM_DELETED:
      case DisconnectReason.ROOM_CLOSED:
        return 'ended'
      case DisconnectReason.PARTICIPANT_REMOVED:
        return 'removed'
      case DisconnectReason.DUPLICATE_IDENTITY:
        return 'duplicate'
      case DisconnectReason.CLIENT_INITIATED:
        // livekit-client also leaves when the browser freezes a page in the background; then we come back.
        return this.#isPageGoing ? 'left' : 'transient'
      default:
        return 'transient'
    }
  }
}
