/** Made-up answers of the server, and a page client that gives them. */
import { type Admission, type Lookup, type PageClient, PageError, type PageErrorCode, type Room } from '@/api/page'
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

/** Answers in order; the last answer of a call is repeated. A code is a refusal. */
export class FakePage implements PageClient {
  readonly asked: { call: 'lookup' | 'join' | 'end'; with: unknown }[] = []
  lookups: (Lookup | PageErrorCode)[] = [aLookup()]
  joins: (Admission | PageErrorCode)[] = [anAdmission()]
  ends: (null | PageErrorCode)[] = [null]

  lookup: PageClient['lookup'] = async (who) => this.#answer('lookup', who, this.lookups)
  join: PageClient['join'] = async (who) => this.#answer('join', who, this.joins)
  end: PageClient['end'] = async (token) => {
    this.#answer('end', token, this.ends)
  }

  #answer<T>(call: 'lookup' | 'join' | 'end', given: unknown, answers: (T | PageErrorCode)[]): T {
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
