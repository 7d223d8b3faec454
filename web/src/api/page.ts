/**
 * The page's own calls (docs/page-api.md), typed by the document that the server's models give
 * (`make page-api`). Every failure is a `PageError`; its `code` is what the page decides by.
 */
import type { components, operations, paths } from './page.schema'

type Models = components['schemas']
/** The JSON that a call sends. */
type Body<Call extends keyof operations> = operations[Call] extends {
  requestBody: { content: { 'application/json': infer Sent } }
}
  ? Sent
  : never

/** Where a call is sent. */
type PathOf<Call extends keyof operations> = {
  [Path in keyof paths]: paths[Path] extends { post: operations[Call] } ? Path : never
}[keyof paths]

/** Commands of people inside that change what everybody shares, and answer nothing. */
export type FeatureCommand =
  | 'raiseHand'
  | 'noteAway'
  | 'reportCheck'
  | 'lowerHand'
  | 'lowerHands'
  | 'permit'
  | 'allow'
  | 'mute'
  | 'muteAll'
  | 'replaceShares'
  | 'askToUnmute'
  | 'react'
  | 'lock'
  | 'spotlight'
  | 'remove'
  | 'promote'
  | 'removeMessage'
  | 'pin'
export type FeatureBody<Command extends FeatureCommand> = [Body<Command>] extends [never]
  ? Record<string, never>
  : Body<Command>

/** A right that guests have unless a host takes it from them. */
export type Right = Exclude<GuestSetting, 'one_share_at_a_time'>
/** A setting that hosts change for all guests. */
export type GuestSetting = keyof Models['PermissionsBody']

export type Reaction = Models['Reaction']
export type Role = Models['LookupAnswer']['role']
export type Theme = Models['RoomTheme']
export type Room = Models['MeetingRoom']
export type Lookup = Models['LookupAnswer']
/** Permission to connect once. */
export type JoinTicket = Models['JoinTicketAnswer']
/** The answer to a join that has to wait; its lobby token asks how it stands. */
export type LobbyPlace = Omit<Models['LobbyPlaceAnswer'], 'waiting_token'>
/** Why a guest waits: for the owner to come, or for the owner's answer. */
export type LobbyReason = LobbyPlace['reason']
/** Permission to check the connection once. */
export type CheckTicket = Models['CheckTicketAnswer']
/** The result of a check, as the server is told. */
export type CheckFindings = Omit<Models['ConnectionCheckBody'], 'age_s'>
export type LobbyAnswer =
  | Models['StillWaitingAnswer']
  | Models['AdmittedAnswer']
  | Models['DeniedAnswer']
  | Models['EndedAnswer']
/** A guest in the lobby, as the owner sees them. */
export type LobbyPerson = Models['LobbyPersonAnswer']
/** A chat message of the meeting; plain text. */
export type ChatMessage = Omit<Models['ChatMessageAnswer'], 'id'>
/** The present value of one key of a feed; null once it has none any more. */
export type FeedEntry<Value> = Omit<Models['FeedEntryAnswer'], 'value'> & { value: Value | null }
/** Part of what has changed in a feed. */
export type FeedPage<Value> = Omit<Models['FeedAnswer'], 'entries'> & { entries: FeedEntry<Value>[] }

/**
 * The codes of the server, and ours: `offline` when no answer came at all, `signalling_blocked` and
 * `media_blocked` when the meeting answers but its WebSocket or its media cannot be reached.
 */
export type PageErrorCode =
  | 'invalid_input'
  | 'host_link_invalid'
  | 'not_permitted'
  | 'removed'
  | 'locked'
  | 'denied'
  | 'unknown_meeting'
  | 'unknown_waiting'
  | 'meeting_full'
  | 'share_changed'
  | 'meeting_expired'
  | 'too_many_requests'
  | 'unavailable'
  | 'offline'
  | 'signalling_blocked'
  | 'media_blocked'

const CODES: ReadonlySet<string> = new Set<PageErrorCode>([
  'invalid_input',
  'host_link_invalid',
  'not_permitted',
  'removed',
  'locked',
  'denied',
  'unknown_meeting',
  'unknown_waiting',
  'meeting_full',
  'share_changed',
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

export interface JoinRequest extends Credentials {
  name: string
  rejoinToken: string | null
  lobbyToken: string | null
}

export interface PageClient {
  lookup(who: Credentials): Promise<Lookup>
  /** For anybody who could join: a check of the connection. */
  openCheck(who: Credentials): Promise<CheckTicket>
  /**
   * `rejoinToken` comes from an earlier join: it makes them the same participant again.
   * `lobbyToken` comes from an earlier stay in the waiting room.
   */
  join(who: JoinRequest): Promise<JoinTicket | LobbyPlace>
  /** Answers when there is news, and after eight seconds at the latest. */
  askLobby(lobbyToken: string): Promise<LobbyAnswer>
  /** Another name for who waits; the answer is as it is shown. */
  renameWaiting(lobbyToken: string, name: string): Promise<string>
  /** The guests in the lobby; this and the next two calls are for an owner who is inside. */
  listWaiting(controlToken: string): Promise<LobbyPerson[]>
  admit(controlToken: string, participantId: string): Promise<void>
  deny(controlToken: string, participantId: string): Promise<void>
  end(controlToken: string): Promise<void>
  /** Writes to everybody; this and the next call are for whoever is inside. */
  say(controlToken: string, message: string): Promise<ChatMessage>
  /** The changes of a feed after this number; null asks for its state, as a newcomer does. */
  readFeed<Value>(controlToken: string, feed: string, after: number | null): Promise<FeedPage<Value>>
  /** Carries out a feature's command; what it changes comes with the feed `state`. */
  command<Command extends FeatureCommand>(
    controlToken: string,
    command: Command,
    body: FeatureBody<Command>,
  ): Promise<void>
}

export type Commands = <Command extends FeatureCommand>(command: Command, body: FeatureBody<Command>) => Promise<void>

const COMMAND_PATHS: { [Command in FeatureCommand]: PathOf<Command> } = {
  raiseHand: '/page/hand',
  noteAway: '/page/away',
  reportCheck: '/page/connection-check',
  lowerHand: '/page/lower-hand',
  lowerHands: '/page/lower-hands',
  permit: '/page/permissions',
  allow: '/page/allow',
  mute: '/page/mute',
  muteAll: '/page/mute-all',
  replaceShares: '/page/replace-shares',
  askToUnmute: '/page/ask-to-unmute',
  react: '/page/react',
  lock: '/page/lock',
  spotlight: '/page/spotlight',
  remove: '/page/remove',
  promote: '/page/make-host',
  removeMessage: '/page/remove-message',
  pin: '/page/pin',
}

const TIMEOUT_MS = 15_000

export const pageClient: PageClient = {
  lookup: ({ meetingCode, participantToken }) =>
    post<'lookup', Lookup>('/page/lookup', { meeting_code: meetingCode, participant_token: participantToken }),
  openCheck: ({ meetingCode, participantToken }) =>
    post<'openCheck', CheckTicket>('/page/check', { meeting_code: meetingCode, participant_token: participantToken }),
  join: ({ meetingCode, participantToken, name, rejoinToken, lobbyToken }) =>
    post<'join', JoinTicket | LobbyPlace>('/page/join', {
      meeting_code: meetingCode,
      participant_token: participantToken,
      name,
      rejoin_token: rejoinToken,
      lobby_token: lobbyToken,
    }),
  askLobby: (lobbyToken) => post<'askLobby', LobbyAnswer>('/page/waiting', { lobby_token: lobbyToken }),
  async renameWaiting(lobbyToken, name) {
    const answer = await post<'renameWaiting', { name: string }>('/page/waiting-name', {
      lobby_token: lobbyToken,
      name,
    })
    return answer.name
  },
  async listWaiting(controlToken) {
    const { waiting } = (await call('GET', '/page/waiting-list', {}, controlToken)) as Models['LobbyListAnswer']
    return waiting ?? []
  },
  admit: (controlToken, participantId) =>
    post<'admit', void>('/page/admit', { participant_id: participantId }, controlToken),
  deny: (controlToken, participantId) =>
    post<'deny', void>('/page/deny', { participant_id: participantId }, controlToken),
  async end(controlToken) {
    await call('POST', '/page/end', { body: '{}' }, controlToken)
  },
  say: (controlToken, message) => post<'say', ChatMessage>('/page/chat', { message }, controlToken),
  readFeed: <Value>(controlToken: string, feed: string, after: number | null) =>
    post<'readFeed', FeedPage<Value>>('/page/feed', { feed, after }, controlToken),
  async command(controlToken, command, body) {
    await call('POST', COMMAND_PATHS[command], { body: JSON.stringify(body) }, controlToken)
  },
}

function post<Call extends keyof operations, Answer>(
  path: PathOf<Call>,
  body: Body<Call>,
  controlToken: string | null = null,
): Promise<Answer> {
  return call('POST', path, { body: JSON.stringify(body) }, controlToken) as Promise<Answer>
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
