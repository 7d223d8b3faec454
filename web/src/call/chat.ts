/**
 * What was written in the meeting. The server keeps it and numbers it from 1; its data packets bring what is new, and what a
 * lost connection swallowed is asked for: after every connecting, and when a number is missing.
 */
import { type ChatHistory, type ChatMessage, PageError } from '@/api/page'
import { Cell } from '@/lib/store'

export type ChatFailure = 'too_fast' | 'failed'

export interface ChatState {
  /** In their order. */
  messages: readonly ChatMessage[]
  /** Whether earlier ones than these were written. */
  isCut: boolean
  /** How many came from others since the panel was last open. */
  unread: number
  isOpen: boolean
  isSending: boolean
  /** What became of the last message written here. */
  failure: ChatFailure | null
}

export interface ChatCalls {
  say: (message: string) => Promise<ChatMessage>
  /** What follows this number; null for the newest. */
  read: (after: number | null) => Promise<ChatHistory>
}

/** Where the server sends chat to everybody. */
export const CHAT_TOPIC = 'lk-chat-topic'
/** In UTF-16 units, of which the server's code points have one or two. */
export const LONGEST_MESSAGE = 2000
export const MOST_SHOWN = 1000

export class Chat extends Cell<ChatState> {
  readonly #calls: ChatCalls
  readonly #mine = new Set<string>()
  #sessionId: string | null = null
  #isReading = false
  #isReadingAgain = false

  constructor(calls: ChatCalls) {
    super({ messages: [], isCut: false, unread: 0, isOpen: false, isSending: false, failure: null })
    this.#calls = calls
  }

  /** This participant is the person at this page; after a reconnect that may be another one than before. */
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
    if (message === null) {
      return
    }
    if (message.session_id === this.#sessionId && message.number <= this.#last() + 1) {
      this.#append([message])
    } else {
      void this.refresh()
    }
  }

  /** Asks for what is missing, or once more when that is being asked for. */
  async refresh(): Promise<void> {
    if (this.#isReading) {
      this.#isReadingAgain = true
      return
    }
    this.#isReading = true
    let isMore = true
    while (isMore) {
      this.#isReadingAgain = false
      const read = await this.#calls.read(this.#sessionId === null ? null : this.#last()).catch(() => null)
      isMore = this.#isReadingAgain || (read !== null && this.#take(read))
    }
    this.#isReading = false
  }

  /** Whether the message was sent; if not, the state says why. */
  async say(text: string): Promise<boolean> {
    if (this.getSnapshot().isSending) {
      return false
    }
    this.update({ isSending: true, failure: null })
    try {
      const message = await this.#calls.say(text)
      this.#mine.add(message.participant_id)
      this.update({ isSending: false })
      if (message.session_id === this.#sessionId && message.number <= this.#last() + 1) {
        this.#append([message])
      } else {
        void this.refresh()
      }
      return true
    } catch (error) {
      const isTooFast = error instanceof PageError && error.code === 'too_many_requests'
      this.update({ isSending: false, failure: isTooFast ? 'too_fast' : 'failed' })
      return false
    }
  }

  forgetFailure(): void {
    this.update({ failure: null })
  }

  #last(): number {
    return this.getSnapshot().messages.at(-1)?.number ?? 0
  }

  /** Whether there is more to ask for. */
  #take({ session_id: sessionId, messages, has_more: hasMore }: ChatHistory): boolean {
    if (sessionId !== this.#sessionId) {
      const isFirst = this.#sessionId === null
      this.#sessionId = sessionId
      this.update({ messages: [], isCut: false, unread: 0 })
      if (!isFirst) {
        // These followed a number of the session before.
        return true
      }
      this.update({ isCut: (messages[0]?.number ?? 1) > 1 })
    }
    this.#append(messages)
    return hasMore
  }

  #append(read: readonly ChatMessage[]): void {
    const last = this.#last()
    const fresh = read.filter(({ number }) => number > last)
    if (fresh.length === 0) {
      return
    }
    const { messages, isOpen, isCut, unread } = this.getSnapshot()
    const all = [...messages, ...fresh]
    this.update({
      messages: all.slice(-MOST_SHOWN),
      isCut: isCut || all.length > MOST_SHOWN,
      unread: isOpen ? 0 : unread + fresh.filter((message) => !this.isMine(message)).length,
    })
  }
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
    typeof fields.timestamp === 'number' &&
    (fields.role === 'owner' || fields.role === 'guest')
  return isMessage ? (parsed as ChatMessage) : null // just looked at
}
