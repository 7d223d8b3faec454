import { Room } from 'livekit-client'
import type { WaitingPerson } from '@/api/page'
import type { Call, CallState } from '@/call/call'
import type { InputKind } from '@/call/capture'
import { Chat } from '@/call/chat'
import { WaitingList } from '@/call/waitingList'
import { Cell } from '@/lib/store'
import { aHistory, aMessage } from './builders'

/** A call that is inside a meeting and remembers what was asked of it. Its room is a real one that is not connected. */
export class FakeCall extends Cell<CallState> {
  readonly room = new Room()
  readonly asked: string[] = []
  waiting: WaitingPerson[] = []
  readonly waitingList = new WaitingList({
    list: async () => this.waiting,
    admit: async (id) => void this.asked.push(`admit ${id}`),
    deny: async (id) => void this.asked.push(`deny ${id}`),
  })
  history = aHistory()
  readonly chat: Chat = new Chat({
    say: async (message) => {
      this.asked.push(`say ${message}`)
      const number = (this.chat.getSnapshot().messages.at(-1)?.number ?? 0) + 1
      return aMessage({ number, message, participant_id: 'me', name: 'Ada' })
    },
    read: async () => this.history,
  })
  endForAll: () => Promise<void> = async () => void this.asked.push('end for all')

  constructor(change: Partial<CallState> = {}) {
    const input = { isOn: true, isBusy: false, problem: null }
    super({
      connection: { phase: 'connected', attempt: 0, since: 0 },
      role: 'guest',
      microphone: input,
      camera: input,
      ...change,
    })
  }

  leave(): void {
    this.asked.push('leave')
  }

  async turn(kind: InputKind, isOn: boolean): Promise<void> {
    this.asked.push(`${kind} ${isOn ? 'on' : 'off'}`)
    this.update({ [kind]: { isOn, isBusy: false, problem: null } })
  }

  dismissProblem(kind: InputKind): void {
    this.asked.push(`dismiss ${kind}`)
    this.update({ [kind]: { ...this.getSnapshot()[kind], problem: null } })
  }

  /** The fake has what the stage uses of a call. */
  asCall(): Call {
    return this as unknown as Call
  }
}
