/**
 * The messages of the meeting, as the feed `chat` brings them. A message's `number` says where it
 * stands, its `revision` which change of the feed made it as it is.
 */
import { type ChatMessage, type FeedEntry, type FeedPage, PageError } from '@/api/page'
import { Cell, type Watchable } from '@/lib/store'
import { Feed, type FeedPacket, parseFeedPacket } from './feed'
import type { SharedStateValue } from './sharedState'

export type ChatFailure = 'too_fast' | 'failed'

/** The message that a host shows to everybody above the others. */
export interface Pinned {
  number: number
  name: string
  message: string
}

export interface ChatState {
  /** In their order. */
  messages: readonly ChatMessage[]
  /** Whether earlier ones than these were written. */
  isCut: boolean
  /** How many others wrote since one came and since the panel was last open. */
  unread: number
  /** The newest message of somebody else that was written while one was here. */
  news: ChatMessage | null
  pinned: Pinned | null
  /** The text that was begun and not sent. */
  draft: string
  isOpen: boolean
  isSending: boolean
  /** The failure of the last message written here; null where there is none to show. */
  failure: ChatFailure | null
}

export interface ChatCalls {
  say: (message: string) => Promise<ChatMessage>
  /** Reads the changes after this revision; null asks for the newest messages. */
  read: (after: number | null) => Promise<FeedPage<ChatMessage>>
  /** For hosts, like the next one. Tells whether the server did it. */
  remove: (number: number) => Promise<boolean>
  pin: (number: number | null) => Promise<boolean>
}

/** Where the server sends chat to everybody. */
export const CHAT_TOPIC = 'lk-chat-topic'
/** In UTF-16 units, of which the server's code points have one or two. */
export const LONGEST_MESSAGE = 2000
export const MOST_SHOWN = 1000
/** The key of the shared state for the message above the others. */
const PINNED = 'pinned'

export class Chat extends Cell<ChatState> {
  readonly #calls: ChatCalls
  readonly #feed: Feed<ChatMessage>
  readonly #mine = new Set<string>()

  constructor(calls: ChatCalls, state: Watchable<SharedStateValue>) {
    super({
      messages: [],
      isCut: false,
      unread: 0,
      news: null,
      pinned: null,
      draft: '',
      isOpen: false,
      isSending: false,
      failure: null,
    })
    this.#calls = calls
    state.subscribe(() => this.update({ pinned: parsePinned(state.getSnapshot().entries.get(PINNED)) }))
    this.#feed = new Feed({
      read: calls.read,
      onBegin: () => this.update({ messages: [], isCut: false, unread: 0, news: null }),
      onEntries: (entries, isNews) => this.#take(entries, isNews),
    })
  }

  /**
   * This participant is the person at this page; after a reconnect that may be another one than
   * before.
   */
  noteMe(participantId: string): void {
    this.#mine.add(participantId)
  }

  isMine(message: ChatMessage): boolean {
    return this.#mine.has(message.participant_id)
  }

  open(): void {
    this.update({ isOpen: true, unread: 0 })
  }

  close(): void {
    this.update({ isOpen: false, failure: null })
  }

  /** A data packet of the server. */
  receive(bytes: Uint8Array): void {
    const message = parseMessage(bytes)
    if (message !== null) {
      this.#hear(message)
    }
  }

  /** A packet of the server about any feed: what has happened to a message. */
  receiveChange(bytes: Uint8Array): void {
    const packet = parseFeedPacket(bytes, 'chat')
    if (packet !== null) {
      this.#feed.receive(packet as FeedPacket<ChatMessage>) // of this feed, from the server
    }
  }

  /** Asks for what is missing, or once more when that is being asked for. */
  refresh(): Promise<void> {
    return this.#feed.refresh()
  }

  /** Whether the message was sent; if not, the state says why. */
  async say(text: string): Promise<boolean> {
    if (this.getSnapshot().isSending) {
      return false
    }
    this.update({ isSending: true, failure: null })
    try {
      await this.post(text)
      this.update({ isSending: false, draft: '' })
      return true
    } catch (error) {
      const isTooFast = error instanceof PageError && error.code === 'too_many_requests'
      this.update({ isSending: false, failure: isTooFast ? 'too_fast' : 'failed' })
      return false
    }
  }

  /** Sends what was not written here, and leaves the draft as it is. Raises `PageError`. */
  async post(text: string): Promise<void> {
    const message = await this.#calls.say(text)
    this.#mine.add(message.participant_id)
    this.#hear(message)
  }

  /** Keeps what is being written, for when the panel opens again. */
  write(draft: string): void {
    this.update({ draft, failure: null })
  }

  /** For hosts: its text goes, a line that it was there stays. */
  remove(number: number): void {
    void this.#calls.remove(number)
  }

  /** For hosts: shows this message to everybody above the others; null: none. */
  pin(number: number | null): void {
    void this.#calls.pin(number)
  }

  /** Every message that the server keeps. Raises `PageError`. */
  async readAll(): Promise<ChatMessage[]> {
    const found = new Map<number, ChatMessage>()
    let after = 0
    for (let hasMore = true; hasMore; ) {
      const page = await this.#calls.read(after)
      for (const { value } of page.entries) {
        if (value !== null) {
          found.set(value.number, value)
        }
      }
      hasMore = page.has_more && page.number > after
      after = page.number
    }
    return [...found.values()].sort((one, other) => one.number - other.number)
  }

  #hear(message: ChatMessage): void {
    const { session_id, revision: number } = message
    this.#feed.receive({
      session_id,
      generation: 0,
      number,
      entries: [{ number, key: `${message.number}`, value: message }],
    })
  }

  #take(entries: readonly FeedEntry<ChatMessage>[], isNews: boolean): void {
    const taken = entries.flatMap(({ value }) => (value === null ? [] : [value]))
    const changed = new Map(taken.map((message) => [message.number, message]))
    const { messages, isOpen, isCut, unread, news } = this.getSnapshot()
    const last = messages.at(-1)?.number ?? 0
    const fresh = taken.filter(({ number }) => number > last).sort((one, other) => one.number - other.number)
    const fromOthers = isNews ? fresh.filter((message) => !this.isMine(message) && !message.is_removed) : []
    const all = [...messages.map((message) => changed.get(message.number) ?? message), ...fresh]
    this.update({
      messages: all.slice(-MOST_SHOWN),
      isCut: isCut || all.length > MOST_SHOWN || (messages.length === 0 && (all[0]?.number ?? 1) > 1),
      unread: isOpen || !isNews ? 0 : unread + fromOthers.length,
      news: fromOthers.at(-1) ?? news,
    })
  }
}

function parsePinned(value: unknown): Pinned | null {
  const { number, name, message } = (value ?? {}) as Partial<Record<keyof Pinned, unknown>>
  return typeof number === 'number' && typeof name === 'string' && typeof message === 'string'
    ? { number, name, message }
    : null
}

/** Null for anything else than a message of the server. */
export function parseMessage(bytes: Uint8Array): ChatMessage | null {
  let parsed: unknown
  try {
    parsed = JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    return null
  }
  if (typeof parsed !== 'object' || parsed === null) {
    return null
  }
  const fields = parsed as Record<keyof ChatMessage, unknown>
  const isMessage =
    typeof fields.message === 'string' &&
    typeof fields.session_id === 'string' &&
    typeof fields.participant_id === 'string' &&
    typeof fields.name === 'string' &&
    typeof fields.number === 'number' &&
    typeof fields.revision === 'number' &&
    typeof fields.is_removed === 'boolean' &&
    typeof fields.timestamp === 'number' &&
    (fields.role === 'owner' || fields.role === 'guest')
  return isMessage ? (parsed as ChatMessage) : null // just looked at
}
