/**
 * A call: one person's stay in a meeting, put together from parts that each own their state. This
 * folder is the only one that knows livekit-client; features are given the parts they need, not the
 * call.
 */
import { DefaultReconnectPolicy, LogLevel, Room, type RoomOptions, setLogLevel, VideoPresets } from 'livekit-client'
import type { Credentials, PageClient, Role } from '@/api/page'
import { isPhone } from './browser'
import { soundConstraints } from './capture'
import { CHAT_TOPIC, Chat } from './chat'
import { Commander } from './commander'
import type { DeviceKind } from './devices'
import { FEED_TOPIC } from './feed'
import { Hands } from './hands'
import { HoldToTalk } from './holdToTalk'
import { type InitialMedia, Inputs } from './inputs'
import { announceLateArrivals } from './lateArrivals'
import { Liveness } from './liveness'
import { Lobby } from './lobby'
import { MicrophoneSound } from './microphoneSound'
import { Moderation } from './moderation'
import { MutedSpeech } from './mutedSpeech'
import { Participants } from './participants'
import { Phone } from './phone'
import { REACTION_TOPIC, Reactions } from './reactions'
import { Share } from './share'
import { SharedState, STATE_FEED } from './sharedState'
import { Sound } from './sound'
import { Speech } from './speech'
import { Tiles } from './tiles'
import { ROOM_TOPIC, Topics } from './topics'
import { declineUnseen } from './unseen'
import { Visit } from './visit'
import { Volumes } from './volumes'

export interface CallOptions {
  page: PageClient
  who: Credentials & { name: string }
  role: Role
  /** Whether the owner lets each guest in; then the owner is shown who waits. */
  needsApproval: boolean
  /** Whether people may write to one another here. */
  hasChat: boolean
  initialMedia: InitialMedia
  deviceIds: Readonly<Record<DeviceKind, string | null>>
  room?: Room
}

/**
 * The client's own attempts to resume, about 20 s in all; after that a new join ticket is asked
 * for. They stay close together, because people wait in silence meanwhile and a restarted server is
 * back within seconds.
 */
const RESUME_DELAYS_MS = [0, 300, 700, 1000, 1000, 1000, 1000, 1000, 1500, 1500, 1500, 2000, 2000, 2000, 2000]

function roomOptions(deviceIds: CallOptions['deviceIds']): RoomOptions {
  return {
    adaptiveStream: true,
    dynacast: true,
    // One connection was measured no faster, and its offers grow with what one receives
    // (docs/experiments.md).
    singlePeerConnection: false,
    reconnectPolicy: new DefaultReconnectPolicy(RESUME_DELAYS_MS),
    audioCaptureDefaults: {
      ...soundConstraints(),
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

export class Call {
  readonly visit: Visit
  readonly inputs: Inputs
  /** Changes the microphone's sound before it is sent. */
  readonly microphoneSound: MicrophoneSound
  readonly holdToTalk: HoldToTalk
  readonly mutedSpeech: MutedSpeech
  readonly liveness: Liveness
  readonly participants: Participants
  readonly tiles: Tiles
  readonly speech: Speech
  readonly sound: Sound
  /** How loud this person hears each of the others. */
  readonly volumes: Volumes
  /** One's own screen. */
  readonly share: Share
  /** The server's data packets, by topic; a feature listens to its own. */
  readonly topics: Topics
  /** The people who wait to be let in; stays empty for guests. */
  readonly lobby: Lobby
  /** The chat messages; stays empty where the room has no chat. */
  readonly chat: Chat
  /** Sends the commands of features. */
  readonly commander: Commander
  readonly hands: Hands
  readonly moderation: Moderation
  readonly reactions: Reactions
  readonly #phone: Phone | null
  /** The state that everybody shares, as the server keeps it. */
  readonly #state: SharedState

  constructor(options: CallOptions) {
    setLogLevel(LogLevel.error)
    const room = options.room ?? new Room(roomOptions(options.deviceIds))
    announceLateArrivals(room)
    declineUnseen(room)
    this.visit = new Visit({
      page: options.page,
      who: options.who,
      role: options.role,
      room,
      onTicket: ({ participant_id: id }) => {
        this.chat.noteMe(id)
        this.moderation.review()
      },
      onConnected: () => {
        void this.inputs.publish()
        void this.share.publish()
      },
      onCaughtUp: () => this.#catchUp(options),
      onClosed: () => this.#close(),
    })
    this.inputs = new Inputs({
      room,
      initialMedia: options.initialMedia,
      deviceIds: options.deviceIds,
      isConnected: () => this.visit.isConnected(),
      onMicrophone: (track) => this.microphoneSound.use(track),
    })
    this.microphoneSound = new MicrophoneSound(room)
    this.holdToTalk = new HoldToTalk({ inputs: this.inputs, visit: this.visit })
    this.mutedSpeech = new MutedSpeech({
      inputs: this.inputs,
      hold: this.holdToTalk,
      microphone: () => this.microphoneSound.source(),
    })
    this.liveness = new Liveness(room)
    this.participants = new Participants(room)
    this.tiles = new Tiles(this.participants)
    this.speech = new Speech(room)
    this.volumes = new Volumes(room)
    this.sound = new Sound(room)
    this.topics = new Topics(room)
    const { page } = options
    const token = () => this.visit.controlToken()
    this.lobby = new Lobby({
      list: () => page.listWaiting(token()),
      admit: (participantId) => page.admit(token(), participantId),
      deny: (participantId) => page.deny(token(), participantId),
    })
    this.commander = new Commander((command, body) => page.command(token(), command, body))
    this.#state = new SharedState((after) => page.readFeed(token(), STATE_FEED, after))
    this.chat = new Chat(
      {
        say: (message) => page.say(token(), message),
        read: (after) => page.readFeed(token(), 'chat', after),
        remove: (number) => this.commander.send('removeMessage', { number }),
        pin: (number) => this.commander.send('pin', { number }),
      },
      this.#state,
    )
    this.share = new Share({
      room,
      isConnected: () => this.visit.isConnected(),
      rules: () => this.moderation.getSnapshot(),
      replace: (ids) => page.command(token(), 'replaceShares', { participant_ids: [...ids] }),
      nameOf: (id) => this.participants.nameOf(id),
    })
    const me = () => this.visit.participantId()
    const shared = { state: this.#state, commander: this.commander, me }
    this.hands = new Hands({
      ...shared,
      participants: this.participants,
      speech: this.speech,
      spokenFor: (id) => this.speech.spokenFor(id),
    })
    this.moderation = new Moderation({ ...shared, role: () => this.visit.getSnapshot().role })
    this.moderation.subscribe(() => {
      const { isHost, mine } = this.moderation.getSnapshot()
      this.inputs.permit(mine)
      if (isHost) {
        this.visit.becomeHost()
      }
    })
    this.reactions = new Reactions(this.commander)
    this.#phone = isPhone()
      ? new Phone({
          room,
          inputs: this.inputs,
          tell: (away) => page.command(token(), 'noteAway', { away }),
          startSound: () => void this.sound.start().catch(() => undefined),
        })
      : null
    this.topics.on(REACTION_TOPIC, (bytes) => this.reactions.receive(bytes))
    this.topics.on(ROOM_TOPIC, () => this.#refreshLobby())
    this.topics.on(ROOM_TOPIC, (bytes) => this.moderation.receive(bytes))
    this.topics.on(ROOM_TOPIC, (bytes) => this.share.receive(bytes))
    this.topics.on(FEED_TOPIC, (bytes) => this.#state.receive(bytes))
    if (options.hasChat) {
      this.topics.on(CHAT_TOPIC, (bytes) => this.chat.receive(bytes))
      this.topics.on(FEED_TOPIC, (bytes) => this.chat.receiveChange(bytes))
    }
  }

  /** Enters the meeting. How that goes is seen in the state of `visit`. */
  join(): void {
    this.visit.join()
  }

  leave(): void {
    this.visit.leave()
  }

  /** Replaces what the person brings along, as long as they are not inside. */
  bring(media: InitialMedia): void {
    const { phase } = this.visit.getSnapshot().connection
    if (phase !== 'connected' && phase !== 'interrupted' && phase !== 'closed') {
      this.inputs.bring(media)
    }
  }

  /** Asks for what may have happened while there was no connection. */
  #catchUp({ needsApproval, hasChat }: CallOptions): void {
    if (needsApproval) {
      this.#refreshLobby()
    }
    if (hasChat) {
      void this.chat.refresh()
    }
    void this.#state.refresh()
    this.inputs.catchUp()
  }

  #refreshLobby(): void {
    if (this.visit.getSnapshot().role === 'owner' && this.visit.isConnected()) {
      void this.lobby.refresh()
    }
  }

  #close(): void {
    this.lobby.stop()
    this.liveness.stop()
    this.speech.stop()
    this.sound.stop()
    this.volumes.stop()
    this.mutedSpeech.stop()
    this.microphoneSound.stop()
    this.inputs.stop()
    this.share.stop()
    this.hands.stop()
    this.reactions.stop()
    this.#phone?.stop()
  }
}
