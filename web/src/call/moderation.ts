/**
 * The rights of guests, the requests of hosts to them, and the commands of hosts. The server
 * enforces the rights; this part only shows them.
 */
import type { GuestSetting, Right, Role } from '@/api/page'
import { Cell, type Watchable } from '@/lib/store'
import type { InputKind } from './capture'
import type { Commander } from './commander'
import { parseNotice } from './notices'
import { entriesWith, type SharedStateValue } from './sharedState'

export type Rights = Readonly<Record<Right, boolean>>

export interface ModerationState {
  /** The rights of guests without extra rights. */
  guestsMay: Rights
  /** Whether a screen is shared only while nobody else shares one. */
  isOneShareAtATime: boolean
  /** The extra rights of single guests, by participant id. */
  allowed: ReadonlyMap<string, readonly Right[]>
  /** Whether the person at this page is a host, by their link or because a host made them one. */
  isHost: boolean
  /** Whether nobody new gets in. */
  isLocked: boolean
  /** The ids of the participants who are shown to everybody first, in their order. */
  spotlight: readonly string[]
  /** The person whom the host at this page is asked about before they are sent away. */
  removing: { id: string; name: string } | null
  /** The name of somebody who was kept out by the lock, until the notice is put away. */
  lockedOut: string | null
  /** The rights of the person at this page. */
  mine: Rights
  /** The input this person is asked to turn on; `by`: the host's name, null for the application. */
  asked: { source: InputKind; by: string | null } | null
  /** The name of the host who last turned it off; null for the application. */
  turnedOffBy: Readonly<Record<InputKind, string | null>>
  /** The name of the host who lowered this person's hand, until the notice is put away. */
  handLoweredBy: { name: string | null } | null
}

const ALL: Rights = { microphone: true, camera: true, screen_share: true, chat: true, reactions: true }
const RIGHTS = Object.keys(ALL) as Right[]
/** The body of `permit` that changes nothing. */
export const UNCHANGED = {
  microphone: null,
  camera: null,
  screen_share: null,
  chat: null,
  reactions: null,
  one_share_at_a_time: null,
}

export interface ModerationOptions {
  state: Watchable<SharedStateValue>
  commander: Commander
  me: () => string
  role: () => Role
}

export class Moderation extends Cell<ModerationState> {
  readonly #options: ModerationOptions

  constructor(options: ModerationOptions) {
    super({
      guestsMay: ALL,
      isOneShareAtATime: false,
      allowed: new Map(),
      isHost: options.role() === 'owner',
      isLocked: false,
      spotlight: [],
      removing: null,
      lockedOut: null,
      mine: ALL,
      asked: null,
      turnedOffBy: { microphone: null, camera: null },
      handLoweredBy: null,
    })
    this.#options = options
    options.state.subscribe(() => this.review())
  }

  /** A notice of the server on the topic of the room. */
  receive(bytes: Uint8Array): void {
    const notice = parseNotice(bytes)
    if (notice === null) {
      return
    }
    const { type, source, by } = notice
    if (type === 'muted' && isInput(source)) {
      this.update({ turnedOffBy: { ...this.getSnapshot().turnedOffBy, [source]: by } })
    } else if (type === 'unmute_asked' && isInput(source)) {
      this.update({ asked: { source, by } })
    } else if (type === 'locked_out') {
      this.update({ lockedOut: notice.name })
    } else if (type === 'hand_lowered') {
      this.update({ handLoweredBy: { name: by } })
    }
  }

  /** The person has answered, one way or the other. */
  forgetAsked(): void {
    this.update({ asked: null })
  }

  forgetHand(): void {
    this.update({ handLoweredBy: null })
  }

  forgetLockedOut(): void {
    this.update({ lockedOut: null })
  }

  /** Asks the host at this page before somebody is sent away; null: no longer. */
  askToRemove(person: { id: string; name: string } | null): void {
    this.update({ removing: person })
  }

  /** The commands below are for hosts; the server refuses them to others. */
  mute(participantId: string, source: InputKind | 'screen_share'): void {
    void this.#options.commander.send('mute', { participant_id: participantId, source })
  }

  askToUnmute(participantId: string, source: InputKind): void {
    void this.#options.commander.send('askToUnmute', { participant_id: participantId, source })
  }

  lock(isLocked: boolean): void {
    void this.#options.commander.send('lock', { locked: isLocked })
  }

  spotlight(participantId: string, isOn: boolean): void {
    void this.#options.commander.send('spotlight', { participant_id: participantId, on: isOn })
  }

  makeHost(participantId: string): void {
    void this.#options.commander.send('promote', { participant_id: participantId })
  }

  remove(participantId: string, mayReturn: boolean): Promise<boolean> {
    return this.#options.commander.send('remove', { participant_id: participantId, may_return: mayReturn })
  }

  /** `lock`: guests cannot turn it on again until they are allowed to. */
  muteAll(source: InputKind, lock: boolean): Promise<boolean> {
    return this.#options.commander.send('muteAll', { source, lock })
  }

  permit(setting: GuestSetting, isOn: boolean): void {
    void this.#options.commander.send('permit', { ...UNCHANGED, [setting]: isOn })
  }

  /** Lets one guest speak although guests may not, or takes that back. */
  letSpeak(participantId: string, isAllowed: boolean): void {
    const before = this.getSnapshot().allowed.get(participantId) ?? []
    const rights = isAllowed
      ? [...new Set<Right>([...before, 'microphone'])]
      : before.filter((right) => right !== 'microphone')
    void this.#options.commander.send('allow', { participant_id: participantId, rights })
  }

  /** Reads the shared state again, for the present role and participant. */
  review(): void {
    const { state, me, role } = this.#options
    const { entries } = state.getSnapshot()
    const permissions = entries.get('permissions')
    const guestsMay = { ...ALL, ...pickRights(permissions) }
    const isOneShareAtATime = (permissions as Partial<Record<GuestSetting, unknown>>)?.one_share_at_a_time === true
    const allowed = new Map(
      [...entriesWith<{ rights: readonly Right[] }>(entries, 'allowed:')].map(([id, { rights }]) => [id, rights]),
    )
    const own = allowed.get(me()) ?? []
    const isHost = role() === 'owner' || entries.has(`host:${me()}`)
    const spotlight = [...entriesWith<{ order: number }>(entries, 'spotlight:')]
      .sort(([, one], [, other]) => one.order - other.order)
      .map(([id]) => id)
    const mine = isHost ? ALL : rightsFrom((right) => guestsMay[right] || own.includes(right))
    const before = this.getSnapshot()
    const { asked } = before
    this.update({
      isHost,
      isLocked: entries.has('lock'),
      spotlight: isSame(spotlight, before.spotlight) ? before.spotlight : spotlight,
      guestsMay,
      isOneShareAtATime,
      allowed,
      mine,
      asked: asked !== null && mine[asked.source] ? asked : null,
    })
  }
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((id, index) => id === other[index])
}

function rightsFrom(has: (right: Right) => boolean): Rights {
  return Object.fromEntries(RIGHTS.map((right) => [right, has(right)])) as Rights
}

function pickRights(value: unknown): Partial<Rights> {
  const given = (value ?? {}) as Partial<Record<Right, unknown>>
  return Object.fromEntries(
    RIGHTS.flatMap((right) => (typeof given[right] === 'boolean' ? [[right, given[right]]] : [])),
  )
}

function isInput(source: unknown): source is InputKind {
  return source === 'microphone' || source === 'camera'
}
