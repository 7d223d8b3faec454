/** Made-up answers of the server, and a page client that gives them. */
import {
  type ChatMessage,
  type CheckTicket,
  type FeedPage,
  type JoinTicket,
  type LobbyAnswer,
  type LobbyPerson,
  type LobbyPlace,
  type Lookup,
  type PageClient,
  PageError,
  type PageErrorCode,
  type Room,
} from '@/api/page'
import type { ParticipantView } from '@/call/participants'

export function aRoom(change: Partial<Room> = {}): Room {
  return {
    display_name: 'Weekly',
    meeting_code: '123456789012',
    type: 'long_term',
    expires_at: '2026-11-23T10:00:00.000Z',
    initial_join_options: { microphone_state: 'default' },
    join_approval_level: 'none',
    available_features: {
      is_recording_available: true,
      is_chat_available: true,
      is_whiteboard_available: true,
      is_locale_switcher_available: true,
      is_captions_available: false,
    },
    ui_settings: { language: 'default' },
    theme: null,
    ...change,
  }
}

export function aLookup(change: Partial<Lookup> = {}): Lookup {
  return { role: 'guest', room: aRoom(), participants: 0, server_time: '2026-11-22T10:00:00.000Z', ...change }
}

export function aJoinTicket(change: Partial<JoinTicket> = {}): JoinTicket {
  return {
    participant_id: 'f2b8a1de-0000-4000-8000-000000000001',
    role: 'guest',
    name: 'Ada',
    url: 'ws://localhost',
    token: 'token',
    control_token: 'control',
    rejoin_token: 'rejoin',
    ...change,
  }
}

export function aCheckTicket(change: Partial<CheckTicket> = {}): CheckTicket {
  return {
    url: null,
    publisher_token: 'publisher',
    subscriber_token: 'subscriber',
    seconds: 28,
    bits_per_second: 2_000_000,
    ...change,
  }
}

export function aView(change: Partial<ParticipantView> = {}): ParticipantView {
  return {
    id: 'ada',
    name: 'Ada',
    shownName: 'Ada',
    isLocal: false,
    isHost: false,
    isLookalike: false,
    isAway: false,
    isSpeaking: false,
    isMuted: false,
    camera: null,
    isMirrored: false,
    screen: null,
    screenWidth: 0,
    screenHeight: 0,
    connection: 'good',
    ...change,
  }
}

export function aLobbyPlace(change: Partial<LobbyPlace> = {}): LobbyPlace {
  return { status: 'waiting', reason: 'approval', lobby_token: 'lobby', ...change }
}

export function aPerson(change: Partial<LobbyPerson> = {}): LobbyPerson {
  return { participant_id: 'grace', name: 'Grace', since: '2026-11-22T10:00:00.000Z', ...change }
}

export function aMessage(change: Partial<ChatMessage> = {}): ChatMessage {
  return {
    session_id: 'session-1',
    number: 1,
    timestamp: Date.UTC(2026, 10, 22, 10, 0),
    participant_id: 'grace',
    name: 'Grace',
    role: 'guest',
    message: 'Good morning',
    revision: change.number ?? 1,
    is_removed: false,
    removed_by: null,
    ...change,
  }
}

/** A page of the feed `chat`. */
export function aHistory(...messages: ChatMessage[]): FeedPage<ChatMessage> {
  return {
    session_id: messages[0]?.session_id ?? 'session-1',
    generation: 0,
    number: messages.at(-1)?.revision ?? 0,
    entries: messages.map((message) => ({ number: message.revision, key: `${message.number}`, value: message })),
    has_more: false,
  }
}

/** A page of the feed `state` with these values by key. */
export function aState(values: Record<string, unknown>): FeedPage<unknown> {
  const entries = Object.entries(values).map(([key, value], index) => ({ number: index + 1, key, value }))
  return { session_id: 'session-1', generation: 0, number: entries.length, entries, has_more: false }
}

/** Answers in order; the last answer of a call is repeated. A code is a refusal. */
export class FakePage implements PageClient {
  readonly asked: { call: keyof PageClient; with: unknown }[] = []
  lookups: (Lookup | PageErrorCode)[] = [aLookup()]
  checks: (CheckTicket | PageErrorCode)[] = [aCheckTicket()]
  joins: (JoinTicket | LobbyPlace | PageErrorCode)[] = [aJoinTicket()]
  waits: (LobbyAnswer | PageErrorCode)[] = [{ status: 'waiting', reason: 'approval' }]
  lists: (LobbyPerson[] | PageErrorCode)[] = [[]]
  answers: (null | PageErrorCode)[] = [null]
  ends: (null | PageErrorCode)[] = [null]
  says: (ChatMessage | PageErrorCode)[] = [aMessage()]
  states: (FeedPage<unknown> | PageErrorCode)[] = [aState({})]
  histories: (FeedPage<ChatMessage> | PageErrorCode)[] = [aHistory()]

  lookup: PageClient['lookup'] = async (who) => this.#answer('lookup', who, this.lookups)
  openCheck: PageClient['openCheck'] = async (who) => this.#answer('openCheck', who, this.checks)
  join: PageClient['join'] = async (who) => this.#answer('join', who, this.joins)
  askLobby: PageClient['askLobby'] = async (token) => this.#answer('askLobby', token, this.waits)
  renameWaiting: PageClient['renameWaiting'] = async (_token, name) => {
    this.#answer('renameWaiting', name, this.answers)
    return name
  }

  listWaiting: PageClient['listWaiting'] = async (token) => this.#answer('listWaiting', token, this.lists)
  admit: PageClient['admit'] = async (_token, id) => {
    this.#answer('admit', id, this.answers)
  }
  deny: PageClient['deny'] = async (_token, id) => {
    this.#answer('deny', id, this.answers)
  }
  end: PageClient['end'] = async (token) => {
    this.#answer('end', token, this.ends)
  }

  say: PageClient['say'] = async (_token, message) => this.#answer('say', message, this.says)
  readFeed = async <Value>(_token: string, feed: string, after: number | null): Promise<FeedPage<Value>> =>
    this.#answer('readFeed', { feed, after }, feed === 'chat' ? this.histories : this.states) as FeedPage<Value>

  commands: (null | PageErrorCode)[] = [null]
  command: PageClient['command'] = async (_token, command, body) => {
    this.#answer('command', { command, body }, this.commands)
  }

  #answer<T>(call: keyof PageClient, given: unknown, answers: (T | PageErrorCode)[]): T {
    this.asked.push({ call, with: given })
    const answer = answers.length > 1 ? answers.shift() : answers[0]
    if (answer === undefined) {
      throw new Error(`no answer for ${call}`)
    }
    if (typeof answer === 'string') {
      throw new PageError(answer as PageErrorCode) // the only strings among the answers
    }
    return answer
  }
}
