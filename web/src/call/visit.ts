/**
 * One person's way into a meeting and back after an interruption: carries out the commands of the
 * connection state machine (`connection.ts`) with the page's own calls and a LiveKit room.
 */
import { DisconnectReason, type Room, RoomEvent } from 'livekit-client'
import {
  type Credentials,
  type JoinTicket,
  type LobbyAnswer,
  type LobbyPlace,
  type PageClient,
  PageError,
  type Role,
} from '@/api/page'
import { findLobbyToken, findRejoinToken, keepLobbyToken, keepRejoinToken } from '@/lib/rejoinToken'
import { Cell } from '@/lib/store'
import {
  type ConnectionCommand,
  type ConnectionEvent,
  type ConnectionState,
  type DropReason,
  handleConnectionEvent,
} from './connection'
import { failedPart } from './failedPart'
import { portsIn } from './mediaPorts'

export interface VisitState {
  connection: ConnectionState
  role: Role
}

export interface VisitOptions {
  page: PageClient
  who: Credentials & { name: string }
  /** The role the server named at the lookup; the join ticket decides. */
  role: Role
  room: Room
  /** A join ticket has arrived: this is who we are from now on. */
  onTicket: (ticket: JoinTicket) => void
  /** The connection is made. Called once per connection that was set up from nothing. */
  onConnected: () => void
  /**
   * The connection is there, for the first time or again: what happened meanwhile has to be asked
   * for.
   */
  onCaughtUp: () => void
  /** The visit is over and nothing comes after it. */
  onClosed: () => void
}

export class Visit extends Cell<VisitState> {
  readonly #options: VisitOptions
  readonly #room: Room
  readonly #lifetime = new AbortController()
  #ticket: JoinTicket | null = null
  #lobbyToken: string | null = null
  #name: string
  #timer: number | undefined
  #isPageGoing = false
  #isConnecting = false
  #mediaPorts: string | null = null

  constructor(options: VisitOptions) {
    super({ connection: { phase: 'idle' }, role: options.role })
    this.#options = options
    this.#room = options.room
    this.#name = options.who.name
    this.#listen()
  }

  /** Authorises the page's calls of whoever is inside; empty before the first join ticket. */
  controlToken(): string {
    return this.#ticket?.control_token ?? ''
  }

  /** The person at this page; empty before the first join ticket. */
  participantId(): string {
    return this.#ticket?.participant_id ?? ''
  }

  /** A host has made this person one; their tickets say so from the next one on. */
  becomeHost(): void {
    this.update({ role: 'owner' })
  }

  isConnected(): boolean {
    return this.getSnapshot().connection.phase === 'connected'
  }

  /** Where the media was to go, such as `UDP 7882, TCP 7881`; `UDP` before the server has said. */
  mediaPorts(): string {
    return this.#mediaPorts ?? 'UDP'
  }

  join(): void {
    this.#handle({ type: 'JoinAsked' })
  }

  leave(): void {
    this.#handle({ type: 'LeaveAsked' })
  }

  /** Waits under another name. Returns it as it is shown. Raises `PageError`. */
  async rename(name: string): Promise<string> {
    const shown = await this.#options.page.renameWaiting(this.#lobbyToken ?? '', name)
    this.#name = shown
    return shown
  }

  /**
   * Ends the session for everybody.
   * Raises `PageError` when the server refuses or cannot be reached; then the session goes on.
   */
  async endForAll(): Promise<void> {
    if (this.#ticket === null) {
      throw new PageError('unavailable')
    }
    await this.#options.page.end(this.#ticket.control_token)
    this.#handle({ type: 'Dropped', reason: 'ended' })
  }

  #listen(): void {
    this.#room
      .on(RoomEvent.Reconnecting, () => this.#handle({ type: 'Interrupted' }))
      .on(RoomEvent.SignalReconnecting, () => this.#handle({ type: 'Interrupted' }))
      .on(RoomEvent.Reconnected, () => this.#handle({ type: 'Resumed' }))
      .on(RoomEvent.Disconnected, (reason) => {
        const why = this.#dropReason(reason)
        // A first connection that fails raises as well, and says more.
        if (!this.#isConnecting || why !== 'transient') {
          this.#handle({ type: 'Dropped', reason: why })
        }
      })
    const { signal } = this.#lifetime
    const goes = () => {
      this.#isPageGoing = true
    }
    window.addEventListener('beforeunload', goes, { signal })
    window.addEventListener('pagehide', goes, { signal })
    // The network is back: no need to wait for the timer.
    window.addEventListener('online', () => this.#handle({ type: 'TimerElapsed' }), { signal })
  }

  #handle(event: ConnectionEvent): void {
    const before = this.getSnapshot().connection
    const { state, commands } = handleConnectionEvent(before, event, performance.now(), Math.random())
    if (state !== before) {
      window.clearTimeout(this.#timer)
    }
    this.update({ connection: state })
    if (state.phase === 'connected' && before.phase !== 'connected') {
      this.#options.onCaughtUp()
    }
    for (const command of commands) {
      this.#execute(command)
    }
  }

  #execute(command: ConnectionCommand): void {
    switch (command.type) {
      case 'AskToJoin':
        void this.#askToJoin()
        break
      case 'AskLobby':
        void this.#askLobby()
        break
      case 'Connect':
        void this.#connect()
        break
      case 'StartTimer':
        this.#timer = window.setTimeout(() => this.#handle({ type: 'TimerElapsed' }), command.milliseconds)
        break
      case 'Disconnect':
        void this.#disconnect()
        break
    }
  }

  async #askToJoin(): Promise<void> {
    let answer: JoinTicket | LobbyPlace
    try {
      const { page, who } = this.#options
      answer = await page.join({
        ...who,
        name: this.#name,
        rejoinToken: findRejoinToken(who.meetingCode),
        lobbyToken: findLobbyToken(who.meetingCode),
      })
    } catch (error) {
      this.#refuse(error)
      return
    }
    if ('lobby_token' in answer) {
      this.#lobbyToken = answer.lobby_token
      keepLobbyToken(this.#options.who.meetingCode, answer.lobby_token)
      this.#handle({ type: 'SentToLobby', reason: answer.reason })
    } else {
      this.#admit(answer)
    }
  }

  async #askLobby(): Promise<void> {
    let answer: LobbyAnswer
    try {
      answer = await this.#options.page.askLobby(this.#lobbyToken ?? '')
    } catch (error) {
      this.#refuse(error)
      return
    }
    switch (answer.status) {
      case 'waiting':
        this.#handle({ type: 'SentToLobby', reason: answer.reason })
        break
      case 'admitted':
        this.#admit(answer)
        break
      case 'ended':
        this.#handle({ type: 'Dismissed' })
        break
      case 'denied':
        this.#handle({ type: 'Denied', retryAfter: answer.retry_after })
        break
    }
  }

  #admit(ticket: JoinTicket): void {
    this.#ticket = ticket
    keepRejoinToken(this.#options.who.meetingCode, ticket.rejoin_token)
    this.#options.onTicket(ticket)
    this.update({ role: ticket.role })
    this.#handle({ type: 'Admitted' })
  }

  #refuse(error: unknown): void {
    const { code, retryAfter } = error instanceof PageError ? error : new PageError('unavailable')
    if (code === 'denied') {
      this.#handle({ type: 'Denied', retryAfter })
      return
    }
    this.#handle({ type: 'Refused', code, retryAfter })
  }

  async #connect(): Promise<void> {
    const ticket = this.#ticket
    if (ticket === null) {
      return
    }
    const look = window.setInterval(() => this.#noteMediaPorts(), 250)
    this.#isConnecting = true
    try {
      await this.#room.connect(ticket.url ?? location.origin, ticket.token)
    } catch (error) {
      this.#handle({ type: 'Dropped', reason: 'transient', failed: failedPart(error) })
      return
    } finally {
      window.clearInterval(look)
      this.#isConnecting = false
    }
    if (this.getSnapshot().connection.phase !== 'connecting') {
      await this.#room.disconnect()
      return
    }
    this.#handle({ type: 'Connected' })
    this.#options.onConnected()
  }

  #noteMediaPorts(): void {
    const { publisher, subscriber } = this.#room.engine?.pcManager ?? {}
    const descriptions = [publisher, subscriber].map((transport) => transport?.getRemoteDescription()?.sdp ?? '')
    this.#mediaPorts = portsIn(descriptions.join('\n')) ?? this.#mediaPorts
  }

  async #disconnect(): Promise<void> {
    this.#lifetime.abort()
    window.clearTimeout(this.#timer)
    this.#options.onClosed()
    await this.#room.disconnect()
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
        // livekit-client also leaves when the browser freezes a page in the background; then we
        // come back.
        return this.#isPageGoing ? 'left' : 'transient'
      default:
        return 'transient'
    }
  }
}
