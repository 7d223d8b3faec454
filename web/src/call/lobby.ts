/**
 * The people in the lobby, for an owner who is inside. The server's hints are only hints: the list
 * is asked for after entering, whenever a hint comes, and every ten seconds while somebody is on
 * it.
 */
import { type LobbyPerson, PageError } from '@/api/page'
import { Cell } from '@/lib/store'

export interface LobbyState {
  /** In order of arrival; without those who have been answered. */
  people: readonly LobbyPerson[]
  /** Whether the last answer did not reach the server. */
  hasFailed: boolean
}

export interface LobbyCalls {
  list: () => Promise<LobbyPerson[]>
  admit: (participantId: string) => Promise<void>
  deny: (participantId: string) => Promise<void>
}

export const REFRESH_MS = 10_000

export class Lobby extends Cell<LobbyState> {
  readonly #calls: LobbyCalls
  #listed: readonly LobbyPerson[] = []
  /** Answered here; the server may still list them until they have heard of it. */
  #answered: ReadonlySet<string> = new Set()
  #timer: number | undefined
  #isAsking = false
  #isAskingAgain = false
  #isStopped = false

  constructor(calls: LobbyCalls) {
    super({ people: [], hasFailed: false })
    this.#calls = calls
  }

  /** Asks for the list now, or once more when it is being asked for. */
  async refresh(): Promise<void> {
    if (this.#isAsking || this.#isStopped) {
      this.#isAskingAgain = this.#isAsking
      return
    }
    this.#isAsking = true
    window.clearTimeout(this.#timer)
    const listed = await this.#calls.list().catch(() => null)
    this.#isAsking = false
    if (this.#isStopped) {
      return
    }
    if (listed !== null) {
      this.#listed = listed
      this.#answered = new Set(listed.map(idOf).filter((id) => this.#answered.has(id)))
      this.#show()
    }
    if (this.#isAskingAgain) {
      this.#isAskingAgain = false
      void this.refresh()
    } else if (listed === null || listed.length > 0) {
      this.#timer = window.setTimeout(() => void this.refresh(), REFRESH_MS)
    }
  }

  admit(participantId: string): Promise<void> {
    return this.#answer(participantId, this.#calls.admit)
  }

  deny(participantId: string): Promise<void> {
    return this.#answer(participantId, this.#calls.deny)
  }

  /** One after the other, in the order of coming; ends with the first answer that fails. */
  async admitAll(): Promise<void> {
    for (const { participant_id: id } of this.getSnapshot().people) {
      await this.admit(id)
      if (this.getSnapshot().hasFailed) {
        return
      }
    }
  }

  stop(): void {
    this.#isStopped = true
    window.clearTimeout(this.#timer)
    this.update({ people: [] })
  }

  async #answer(id: string, call: (participantId: string) => Promise<void>): Promise<void> {
    this.#answered = new Set([...this.#answered, id])
    this.update({ hasFailed: false })
    this.#show()
    try {
      await call(id)
    } catch (error) {
      if (error instanceof PageError && error.code === 'unknown_waiting') {
        return // They have gone away; the list no longer shows them.
      }
      this.#answered = new Set([...this.#answered].filter((other) => other !== id))
      this.update({ hasFailed: true })
      this.#show()
      void this.refresh()
    }
  }

  #show(): void {
    const people = this.#listed.filter(({ participant_id: id }) => !this.#answered.has(id))
    const shown = this.getSnapshot().people
    if (people.length !== shown.length || people.some((person, index) => !isSame(person, shown[index]))) {
      this.update({ people })
    }
  }
}

function isSame(one: LobbyPerson, other: LobbyPerson | undefined): boolean {
  return one.participant_id === other?.participant_id && one.name === other.name
}

function idOf(person: LobbyPerson | undefined): string {
  return person?.participant_id ?? ''
}
