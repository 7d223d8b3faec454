/**
 * The page's own calls (docs/page-api.md). Every failure is a `PageError`; its `code` is what the page decides by.
 */

export type Role = 'owner' | 'guest'

export interface Theme {
  main_color: string
  brand_text: string
  brand_image_colored_url: string | null
  brand_image_white_url: string | null
  branded_favicon_url: string | null
  short_company_url: string | null
}

export interface Room {
  display_name: string
  meeting_code: string
  type: 'instant' | 'long_term'
  expires_at: string | null
  initial_join_options: { microphone_state: 'on' | 'off' | 'default' }
  join_approval_level: 'none' | 'after_owner_only' | 'explicit_approval'
  available_features: {
    is_recording_available: boolean
    is_chat_available: boolean
    is_whiteboard_available: boolean
    is_locale_switcher_available: boolean
    is_captions_available: boolean
  }
  ui_settings: { language: string }
  theme: Theme | null
}

export interface Lookup {
  role: Role
  room: Room
  /** How many people are inside now. */
  participants: number
}

export interface Admission {
  participant_id: string
  role: Role
  name: string
  url: string
  token: string
  control_token: string
}

/** What somebody waits for: the owner to come, or the owner's answer. */
export type WaitingReason = 'owner_absent' | 'approval'

export interface Waiting {
  status: 'waiting'
  reason: WaitingReason
}

/** The answer to a join that has to wait; the token asks how it stands. */
export type Ticket = Waiting & { waiting_token: string }

export type WaitingAnswer = Waiting | ({ status: 'admitted' } & Admission) | { status: 'denied' }

/** Somebody before the door, as the owner sees them. */
export interface WaitingPerson {
  participant_id: string
  name: string
  since: string
}

/** Somebody wrote this in the meeting; plain text. */
export interface ChatMessage {
  session_id: string
  /** Counts the messages of the session from 1. */
  number: number
  /** Milliseconds since 1970. */
  timestamp: number
  participant_id: string
  name: string
  role: Role
  message: string
}

export interface ChatHistory {
  session_id: string
  messages: ChatMessage[]
  /** Whether later ones follow. */
  has_more: boolean
}

/** The codes of the server, and `offline`: no answer came at all. */
export type PageErrorCode =
  | 'invalid_input'
  | 'host_link_invalid'
  | 'not_permitted'
  | 'removed'
  | 'unknown_meeting'
  | 'unknown_waiting'
  | 'meeting_full'
  | 'meeting_expired'
  | 'too_many_requests'
  | 'unavailable'
  | 'offline'

const CODES: ReadonlySet<string> = new Set<PageErrorCode>([
  'invalid_input',
  'host_link_invalid',
  'not_permitted',
  'removed',
  'unknown_meeting',
  'unknown_waiting',
  'meeting_full',
  'meeting_expired',
  'too_many_requests',
  'unavailable',
])

export class PageError extends Error {
  override readonly name = 'PageError'

  constructor(
    readonly code: PageErrorCode,
    /** How long the server asks us to wait, in seconds; null when it does not say. */
    readonly retryAfter: number | null = null,
  ) {
    super(code)
  }
}

export interface Credentials {
  meetingCode: string
  participantToken: string | null
}

export interface PageClient {
  lookup(who: Credentials): Promise<Lookup>
  /** `controlToken` is that of an earlier join: it makes them the same participant again. */
  join(who: Credentials & { name: string; controlToken: string | null }): Promise<Admission | Ticket>
  /** Answers when there is news, and after eight seconds at the latest. */
  askWaiting(waitingToken: string): Promise<WaitingAnswer>
  /** Who waits before the door; like the two after it only for an owner who is inside. */
  listWaiting(controlToken: string): Promise<WaitingPerson[]>
  admit(controlToken: string, participantId: string): Promise<void>
  deny(controlToken: string, participantId: string): Promise<void>
  end(controlToken: string): Promise<void>
  /** Writes to everybody; like the one after it for whoever is inside. */
  say(controlToken: string, message: string): Promise<ChatMessage>
  /** What was written after this number; null for the newest. */
  readChat(controlToken: string, after: number | null): Promise<ChatHistory>
}

const TIMEOUT_MS = 15_000

export const pageClient: PageClient = {
  async lookup({ meetingCode, participantToken }) {
    return (await post('/page/lookup', { meeting_code: meetingCode, participant_token: participantToken })) as Lookup
  },
  async join({ meetingCode, participantToken, name, controlToken }) {
    const body = {
      meeting_code: meetingCode,
      participant_token: participantToken,
      name,
      control_token: controlToken,
    }
    return (await post('/page/join', body)) as Admission | Ticket
  },
  async askWaiting(waitingToken) {
    return (await post('/page/waiting', { waiting_token: waitingToken })) as WaitingAnswer
  },
  async listWaiting(controlToken) {
    const answer = (await call('GET', '/page/waiting-list', {}, controlToken)) as { waiting?: WaitingPerson[] }
    return answer.waiting ?? []
  },
  async admit(controlToken, participantId) {
    await post('/page/admit', { participant_id: participantId }, controlToken)
  },
  async deny(controlToken, participantId) {
    await post('/page/deny', { participant_id: participantId }, controlToken)
  },
  async end(controlToken) {
    await post('/page/end', {}, controlToken)
  },
  async say(controlToken, message) {
    return (await post('/page/chat', { message }, controlToken)) as ChatMessage
  },
  async readChat(controlToken, after) {
    return (await post('/page/chat-history', { after }, controlToken)) as ChatHistory
  },
}

function post(path: string, body: unknown, controlToken: string | null = null): Promise<unknown> {
  return call('POST', path, { body: JSON.stringify(body) }, controlToken)
}

async function call(
  method: 'GET' | 'POST',
  path: string,
  content: { body?: string },
  controlToken: string | null,
): Promise<unknown> {
  let response: Response
  try {
    response = await fetch(path, {
      method,
      headers: {
        Accept: 'application/json',
        ...(method === 'POST' ? { 'Content-Type': 'application/json' } : {}),
        ...(controlToken === null ? {} : { Authorization: `Bearer ${controlToken}` }),
      },
      ...content,
      cache: 'no-store',
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
  } catch {
    throw new PageError('offline')
  }
  if (response.status === 204) {
    return null
  }
  const answer = await readJson(response)
  if (!response.ok) {
    throw new PageError(codeOf(answer, response.status), retryAfterOf(response))
  }
  if (typeof answer !== 'object' || answer === null) {
    throw new PageError('unavailable')
  }
  return answer
}

async function readJson(response: Response): Promise<unknown> {
  try {
    return await response.json()
  } catch {
    return null
  }
}

function codeOf(answer: unknown, status: number): PageErrorCode {
  if (typeof answer === 'object' && answer !== null && 'code' in answer && typeof answer.code === 'string') {
    if (CODES.has(answer.code)) {
      return answer.code as PageErrorCode // just looked up
    }
  }
  return status === 429 ? 'too_many_requests' : 'unavailable'
}

function retryAfterOf(response: Response): number | null {
  const seconds = Number(response.headers.get('Retry-After') ?? Number.NaN)
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds, 3600) : null
}
