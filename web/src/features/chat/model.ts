import type { ChatMessage } from '@/api/page'

/** Consecutive messages of one author. */
export interface Turn {
  /** The number of its first message. */
  id: number
  name: string
  isHost: boolean
  isMine: boolean
  /** When it began, in milliseconds since 1970. */
  at: number
  messages: readonly ChatMessage[]
}

const PAUSE_MS = 5 * 60_000

/** Messages that follow each other within five minutes and have the same author stand together. */
export function gatherTurns(messages: readonly ChatMessage[], isMine: (message: ChatMessage) => boolean): Turn[] {
  const turns: Turn[] = []
  for (const message of messages) {
    const turn = turns.at(-1)
    const before = turn?.messages.at(-1)
    if (
      turn !== undefined &&
      before !== undefined &&
      before.participant_id === message.participant_id &&
      before.name === message.name &&
      message.timestamp - before.timestamp < PAUSE_MS
    ) {
      turns[turns.length - 1] = { ...turn, messages: [...turn.messages, message] }
    } else {
      turns.push({
        id: message.number,
        name: message.name,
        isHost: message.role === 'owner',
        isMine: isMine(message),
        at: message.timestamp,
        messages: [message],
      })
    }
  }
  return turns
}
