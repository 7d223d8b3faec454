/**
 * One's own screen as the others get it. The browser's picker is asked once; what it gave is kept
 * over reconnects, because clones of it are published, which livekit-client may stop.
 */

import type { RequestResponse } from '@livekit/protocol'
import { AudioPresets, type Room, RoomEvent, Track, VideoPreset } from 'livekit-client'
import { Cell } from '@/lib/store'
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

export interface ShareState {
  phase: 'off' | 'asking' | 'on'
  /** The person's choice; null: `kind` follows from what they share. */
  choice: ShareKind | null
  kind: ShareKind
  surface: Surface
  isSoundLeftOut: boolean
  problem: ShareProblem | null
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

export class Share extends Cell<ShareState> {
  readonly #room: Room
  readonly #isConnected: () => boolean
  #screen: CapturedScreen | null = null
  #isPublishing = false
  /** Rises with every end. */
  #round = 0

  constructor({ room, isConnected }: { room: Room; isConnected: () => boolean }) {
    super({
      phase: 'off',
      choice: null,
      kind: 'text',
      surface: 'unknown',
      isSoundLeftOut: false,
      problem: null,
      isAllowed: true,
    })
    this.#room = room
    this.#isConnected = isConnected
    room
      .on(RoomEvent.Connected, this.#followRight)
      .on(RoomEvent.Reconnected, () => void this.publish())
      .on(RoomEvent.ParticipantPermissionsChanged, (_before, { isLocal }) => isLocal && this.#followRight())
      .on(RoomEvent.TrackMuted, ({ source }, { isLocal }) => isLocal && source === SCREEN && this.#end('stopped'))
  }

  /** To be called from a press: shows the browser's picker, then shares what was picked. */
  async start(): Promise<void> {
    if (this.getSnapshot().phase !== 'off') {
      return
    }
    if (this.#countOthers() >= MOST_SHARES) {
      this.update({ problem: 'limit' })
      return
    }
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
    this.update({ phase: 'on', kind, surface, isSoundLeftOut })
    await tune(screen.video, kind)
    await this.publish()
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
    this.update({ problem: null, isSoundLeftOut: false })
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
  async publish(): Promise<void> {
    const screen = this.#screen
    if (screen === null || this.#isPublishing || !this.#isConnected() || this.#published(SCREEN) !== undefined) {
      return
    }
    this.#isPublishing = true
    try {
      await this.#send(screen)
    } catch (error) {
      // When the connection broke meanwhile the screen is sent again after reconnecting.
      if (this.#screen === screen && this.#isConnected()) {
        this.#end(error instanceof LimitReached || this.#countOthers() >= MOST_SHARES ? 'limit' : 'failed')
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
    if (this.getSnapshot().phase !== 'off' || problem !== null) {
      this.update({ phase: 'off', problem, isSoundLeftOut: false })
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

  #published(source: Track.Source) {
    return this.#room.localParticipant.getTrackPublication(source)
  }

  #countOthers(): number {
    const others = [...this.#room.remoteParticipants.values()]
    return others.filter((one) => one.getTrackPublication(SCREEN) !== undefined).length
  }
}
