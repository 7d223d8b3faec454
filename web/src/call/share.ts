/**
 * One's own screen as the others get it. The browser's picker is asked once; what it gave is kept
 * over reconnects, because clones of it are published, which livekit-client may stop.
 */

import type { RequestResponse } from '@livekit/protocol'
import { AudioPresets, type Room, RoomEvent, Track, VideoPreset } from 'livekit-client'
import { PageError } from '@/api/page'
import { Cell } from '@/lib/store'
import { parseNotice } from './notices'
import {
  type CapturedScreen,
  type CaptureProblem,
  captureScreen,
  likelyKind,
  QUALITIES,
  type ShareKind,
  type Surface,
  tune,
} from './screenCapture'

/** The server's limit of shared screens in one meeting. */
export const MOST_SHARES = 3

export type ShareProblem =
  | CaptureProblem
  /** Enough others share. */
  | 'limit'
  /** The right to share was taken away, or the share was stopped for us. */
  | 'stopped'

/** Those who share now, whom a host may replace. */
export interface Sharers {
  ids: readonly string[]
  names: readonly string[]
}

export interface ShareState {
  phase: 'off' | 'asking' | 'on'
  /** The person's choice; null: `kind` follows from what they share. */
  choice: ShareKind | null
  kind: ShareKind
  surface: Surface
  isSoundLeftOut: boolean
  problem: ShareProblem | null
  /** With the problem `limit`: the person to wait for, where one shares at a time. */
  waitsFor: string | null
  /** Whom the host at this page is asked about before their screen takes that place. */
  question: Sharers | null
  /** The host who shares in place of this person, until the notice is put away. */
  replacedBy: { name: string | null } | null
  /** Whether the server lets this person share. */
  isAllowed: boolean
}

const SCREEN = Track.Source.ScreenShare
const SOUND = Track.Source.ScreenShareAudio
/** The source in the words of the protocol. */
const SCREEN_ON_THE_WIRE = 3

/** In the words of the protocol, as above. */
const LIMIT_EXCEEDED = 3
/** `EngineEvent.SignalRequestResponse`, which livekit-client does not export. */
const ANSWERED = 'signalRequestResponse'

class LimitReached extends Error {}

/** How long the server keeps the place of a share for the one that replaces it. */
const PLACE_KEPT_MS = 10_000

export interface ShareOptions {
  room: Room
  isConnected: () => boolean
  rules: () => { isOneShareAtATime: boolean; isHost: boolean }
  /** Takes the place of these people's screens; fails with `share_changed` when others share. */
  replace: (ids: readonly string[]) => Promise<void>
  nameOf: (participantId: string) => string
}

export class Share extends Cell<ShareState> {
  readonly #room: Room
  readonly #options: ShareOptions
  #screen: CapturedScreen | null = null
  #isPublishing = false
  /** Rises with every end. */
  #round = 0

  constructor(options: ShareOptions) {
    super({
      phase: 'off',
      choice: null,
      kind: 'text',
      surface: 'unknown',
      isSoundLeftOut: false,
      problem: null,
      waitsFor: null,
      question: null,
      replacedBy: null,
      isAllowed: true,
    })
    const { room } = options
    this.#room = room
    this.#options = options
    room
      .on(RoomEvent.Connected, this.#followRight)
      .on(RoomEvent.Reconnected, () => void this.publish())
      .on(RoomEvent.ParticipantPermissionsChanged, (_before, { isLocal }) => isLocal && this.#followRight())
      .on(RoomEvent.TrackMuted, ({ source }, { isLocal }) => isLocal && source === SCREEN && this.#noteMuted())
  }

  /**
   * To be called from a press: shows the browser's picker, then shares what was picked. Where
   * others have to stop first, a host is asked whether to replace them, and a guest is told.
   */
  async start(): Promise<void> {
    if (this.getSnapshot().phase === 'off' && !this.#findFull()) {
      await this.#capture(null)
    }
  }

  /** The host's answer to the question; to be called from a press, too. */
  async replace(): Promise<void> {
    const { question } = this.getSnapshot()
    this.update({ question: null })
    if (question !== null && this.#screen === null) {
      await this.#capture(question)
    } else if (question !== null) {
      await this.#take(question)
    }
  }

  /** The other answer: the others go on sharing. */
  keepOthers(): void {
    this.#end(null)
  }

  /** A notice of the server on the topic of the room. */
  receive(bytes: Uint8Array): void {
    const notice = parseNotice(bytes)
    if (notice?.type === 'share_replaced') {
      this.#end(null)
      this.update({ problem: null, replacedBy: { name: notice.by } })
    }
  }

  forgetReplaced(): void {
    this.update({ replacedBy: null })
  }

  /** `replaced`: those whose place the screen takes, if any. */
  async #capture(replaced: Sharers | null): Promise<void> {
    this.update({ phase: 'asking', problem: null, isSoundLeftOut: false })
    const round = this.#round
    const { screen, problem } = await captureScreen()
    if (round !== this.#round) {
      // It was stopped, or the stay ended, while the picker was open.
      screen?.video.stop()
      screen?.audio?.stop()
      return
    }
    if (screen === null) {
      this.update({ phase: 'off', problem })
      return
    }
    const { surface, isSoundLeftOut } = screen
    this.#screen = screen
    screen.video.addEventListener('ended', () => this.#screen === screen && this.stop())
    const kind = this.getSnapshot().choice ?? likelyKind(screen)
    this.update({ kind, surface, isSoundLeftOut })
    await tune(screen.video, kind)
    if (replaced === null) {
      this.update({ phase: 'on' })
      await this.#publish(() => this.#askAgain())
    } else {
      await this.#take(replaced)
    }
  }

  /** Takes the place of these people; if somebody else shares by now, asks once more. */
  async #take({ ids }: Sharers): Promise<void> {
    const screen = this.#screen
    try {
      await this.#options.replace(ids)
    } catch (error) {
      if (this.#screen !== screen) {
        return
      }
      if (error instanceof PageError && error.code === 'share_changed') {
        await this.#awaitOthersThan(ids)
        this.#askAgain()
      } else {
        this.#end('failed')
      }
      return
    }
    if (this.#screen === screen && screen !== null) {
      this.update({ phase: 'on' })
      await this.#publish(() => this.#askAgain())
    }
  }

  /** The picked screen is kept while the host is asked; without anybody to ask about it ends. */
  #askAgain(): void {
    if (this.#screen === null) {
      return
    }
    this.update({ phase: 'asking' })
    this.#findFull()
    const { question, waitsFor } = this.getSnapshot()
    if (question === null) {
      this.#end('limit')
      this.update({ waitsFor })
    }
  }

  /** Whether others have to stop first; then the state says what comes of that. */
  #findFull(): boolean {
    const { isOneShareAtATime, isHost } = this.#options.rules()
    const sharers = this.#others()
    if (sharers.ids.length < (isOneShareAtATime ? 1 : MOST_SHARES)) {
      return false
    }
    if (isOneShareAtATime && isHost) {
      this.update({ question: sharers, problem: null })
    } else {
      const waitsFor = isOneShareAtATime && sharers.names.length === 1 ? (sharers.names[0] ?? null) : null
      this.update({ problem: 'limit', waitsFor })
    }
    return true
  }

  /** Waits until this page has heard of another sharer, or as long as a place is kept for one. */
  #awaitOthersThan(known: readonly string[]): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (this.#others().ids.some((id) => !known.includes(id))) {
          end()
        }
      }
      const end = () => {
        window.clearTimeout(timer)
        this.#room.off(RoomEvent.TrackPublished, look)
        resolve()
      }
      const timer = window.setTimeout(end, PLACE_KEPT_MS)
      this.#room.on(RoomEvent.TrackPublished, look)
      look()
    })
  }

  stop(): void {
    this.#end(null)
  }

  toggle(): void {
    if (this.getSnapshot().phase === 'on') {
      this.stop()
    } else {
      void this.start()
    }
  }

  dismiss(): void {
    this.update({ problem: null, waitsFor: null, isSoundLeftOut: false })
  }

  /** Sets the kind of content for this share and the next ones. */
  async choose(kind: ShareKind): Promise<void> {
    this.update({ choice: kind, kind })
    const sent = this.#published(SCREEN)
    if (this.#screen === null || sent?.track?.sender === undefined) {
      return
    }
    await tune(this.#screen.video, kind)
    await tune(sent.track.mediaStreamTrack, kind)
    const { sender } = sent.track
    const parameters = sender.getParameters()
    const { frameRate, bitrate, keeps } = QUALITIES[kind]
    parameters.degradationPreference = keeps
    for (const [place, encoding] of parameters.encodings.entries()) {
      encoding.maxFramerate = frameRate
      encoding.maxBitrate = place === parameters.encodings.length - 1 ? bitrate : Math.round(bitrate / 4)
    }
    await sender.setParameters(parameters).catch(() => undefined)
  }

  /** The video of one's own share, to look at it; null when nothing is shared. */
  preview(): MediaStreamTrack | null {
    return this.#screen?.video ?? null
  }

  /** Sends what is shared, right after a connection was made. */
  publish(): Promise<void> {
    return this.#publish(() => this.#end('limit'))
  }

  /** `onFull`: the server takes no more screens. */
  async #publish(onFull: () => void): Promise<void> {
    const screen = this.#screen
    if (
      screen === null ||
      this.getSnapshot().phase !== 'on' ||
      this.#isPublishing ||
      !this.#options.isConnected() ||
      this.#published(SCREEN) !== undefined
    ) {
      return
    }
    this.#isPublishing = true
    try {
      await this.#send(screen)
    } catch (error) {
      // When the connection broke meanwhile the screen is sent again after reconnecting.
      if (this.#screen === screen && this.#options.isConnected()) {
        if (error instanceof LimitReached || this.#others().ids.length >= MOST_SHARES) {
          onFull()
        } else {
          this.#end('failed')
        }
      }
    } finally {
      this.#isPublishing = false
    }
    if (this.#screen !== screen) {
      await this.#withdraw()
    }
  }

  async #send({ video, audio }: CapturedScreen): Promise<void> {
    const { localParticipant } = this.#room
    const { bitrate, frameRate, keeps, hint } = QUALITIES[this.getSnapshot().kind]
    const { width = 1920, height = 1080 } = video.getSettings()
    const picture = video.clone()
    picture.contentHint = hint
    const refusal = this.#awaitRefusal(picture.id)
    const published = localParticipant.publishTrack(picture, {
      source: SCREEN,
      videoCodec: 'vp8',
      simulcast: true,
      screenShareEncoding: { maxBitrate: bitrate, maxFramerate: frameRate },
      screenShareSimulcastLayers: [
        new VideoPreset(Math.round(width / 2), Math.round(height / 2), Math.round(bitrate / 4), frameRate),
      ],
      degradationPreference: keeps,
    })
    // livekit-client hears no refusal and would wait for ten seconds.
    try {
      await Promise.race([published, refusal.refused])
    } catch (error) {
      picture.stop()
      throw error
    } finally {
      refusal.forget()
    }
    if (audio !== null && audio.readyState === 'live') {
      const options = { source: SOUND, audioPreset: AudioPresets.musicStereo, dtx: false, forceStereo: true }
      await localParticipant.publishTrack(audio.clone(), options)
    }
  }

  /** Fails once the server says that no more screens can be shared. */
  #awaitRefusal(trackId: string): { refused: Promise<never>; forget: () => void } {
    const { engine } = this.#room
    let forget: () => void = () => undefined
    const refused = new Promise<never>((_, reject) => {
      const hear = ({ reason, request }: RequestResponse) => {
        if (reason === LIMIT_EXCEEDED && request.case === 'addTrack' && request.value.cid === trackId) {
          reject(new LimitReached())
        }
      }
      engine?.on(ANSWERED, hear)
      forget = () => void engine?.off(ANSWERED, hear)
    })
    return { refused, forget: () => forget() }
  }

  #end(problem: ShareProblem | null): void {
    const screen = this.#screen
    this.#screen = null
    screen?.video.stop()
    screen?.audio?.stop()
    this.#round += 1
    const { phase, question } = this.getSnapshot()
    if (phase !== 'off' || question !== null || problem !== null) {
      this.update({ phase: 'off', problem, waitsFor: null, question: null, isSoundLeftOut: false })
    }
    void this.#withdraw()
  }

  async #withdraw(): Promise<void> {
    for (const source of [SCREEN, SOUND]) {
      const track = this.#published(source)?.track
      if (track !== undefined) {
        await this.#room.localParticipant.unpublishTrack(track, true).catch(() => undefined)
      }
    }
  }

  readonly #followRight = (): void => {
    const { permissions } = this.#room.localParticipant
    const sources = permissions?.canPublishSources ?? []
    const isAllowed =
      permissions === undefined ||
      (permissions.canPublish && (sources.length === 0 || sources.some((one) => Number(one) === SCREEN_ON_THE_WIRE)))
    this.update({ isAllowed })
    if (!isAllowed && this.#screen !== null) {
      this.#end('stopped')
    }
  }

  #noteMuted(): void {
    if (this.#screen !== null) {
      this.#end('stopped')
    }
  }

  #published(source: Track.Source) {
    return this.#room.localParticipant.getTrackPublication(source)
  }

  #others(): Sharers {
    const others = [...this.#room.remoteParticipants.values()]
    const ids = others.flatMap((one) => (one.getTrackPublication(SCREEN) === undefined ? [] : [one.identity]))
    return { ids, names: ids.map((id) => this.#options.nameOf(id)) }
  }
}
