/** Made-up answers of the server, and a page client that gives them. */
import {
  type Admission,
  type ChatHistory,
  type ChatMessage,
  type Lookup,
  type PageClient,
  PageError,
  type PageErrorCode,
  type Room,
  type Ticket,
  type WaitingAnswer,
  type WaitingPerson,
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
  return { role: 'guest', room: aRoom(), participants: 0, ...change }
}

export function anAdmission(change: Partial<Admission> = {}): Admission {
  return {
    participant_id: 'f2b8a1de-0000-4000-8000-000000000001',
    role: 'guest',
    name: 'Ada',
    url: 'ws://localhost',
    token: 'token',
    control_token: 'control',
    ...change,
  }
}

export function aView(change: Partial<ParticipantView> = {}): ParticipantView {
  return {
    identity: 'ada',
    name: 'Ada',
    isLocal: false,
    isHost: false,
    isSpeaking: false,
    isMuted: false,
    video: null,
    isMirrored: false,
    connection: 'good',
    ...change,
  }
}

export function aTicket(change: Partial<Ticket> = {}): Ticket {
  return { status: 'waiting', reason: 'approval', waiting_token: 'ticket', ...change }
}

export function aPerson(change: Partial<WaitingPerson> = {}): WaitingPerson {
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
    ...change,
  }
}

export function aHistory(...messages: ChatMessage[]): ChatHistory {
  return { session_id: messages[0]?.session_id ?? 'session-1', messages, has_more: false }
}

/** Answers in order; the last answer of a call is repeated. A code is a refusal. */
export class FakePage implements PageClient {
  readonly asked: { call: keyof PageClient; with: unknown }[] = []
  lookups: (Lookup | PageErrorCode)[] = [aLookup()]
  joins: (Admission | Ticket | PageErrorCode)[] = [anAdmission()]
  waits: (WaitingAnswer | PageErrorCode)[] = [{ status: 'waiting', reason: 'approval' }]
  lists: (WaitingPerson[] | PageErrorCode)[] = [[]]
  answers: (null | PageErrorCode)[] = [null]
  ends: (null | PageErrorCode)[] = [null]
  says: (ChatMessage | PageErrorCode)[] = [aMessage()]
  histories: (ChatHistory | PageErrorCode)[] = [aHistory()]

  lookup: PageClient['lookup'] = async (who) => this.#answer('lookup', who, this.lookups)
  join: PageClient['join'] = async (who) => this.#answer('join', who, this.joins)
  askWaiting: PageClient['askWaiting'] = async (token) => this.#answer('askWaiting', token, this.waits)
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
  readChat: PageClient['readChat'] = async (_token, after) => this.#answer('readChat', after, this.histories)

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
