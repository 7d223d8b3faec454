/**
 * The contract between an embedding page and the meeting page in its frame: attributes, commands
 * and events. Types, the meeting page's validation and the tables of docs/embed.md come from here.
 */

/** The versions of the contract that this file speaks, best first. */
export const VERSIONS = [1] as const

export interface ParticipantInfo {
  id: string
  name: string
  is_local: boolean
  is_host: boolean
  is_away: boolean
  microphone: boolean
  camera: boolean
  screen: boolean
  /** The place among the raised hands, from 1. */
  hand: number | null
}

export interface DeviceInfo {
  kind: 'microphone' | 'camera' | 'speaker'
  id: string
  label: string
  is_chosen: boolean
}

export interface WaitingPerson {
  participant_id: string
  name: string
  since: string
}

export interface ChatMessageInfo {
  number: number
  participant_id: string
  name: string
  text: string
  /** Milliseconds since 1970. */
  timestamp: number
  is_own: boolean
}

export interface RightsInfo {
  microphone: boolean
  camera: boolean
  screen_share: boolean
  chat: boolean
  reactions: boolean
}

export interface MeetingState {
  phase: 'looking' | 'prejoin' | 'waiting' | 'entering' | 'joined' | 'over' | 'error'
  role: 'owner' | 'guest' | null
  participant_id: string | null
  participants: ParticipantInfo[]
  waiting: WaitingPerson[]
  devices: DeviceInfo[]
  microphone: boolean
  camera: boolean
  screen: boolean
  layout: string | null
  pinned: string[]
  spotlight: string[]
  locked: boolean
  language: string
  theme: string
  missing: string[]
}

/** The types of values; names that end in "?" may be left out. */
interface Values {
  boolean: boolean
  number: number
  string: string
  'number|null': number | null
  'string|null': string | null
  'string[]': string[]
  participant: ParticipantInfo
  'device[]': DeviceInfo[]
  'waiting[]': WaitingPerson[]
  message: ChatMessageInfo
  rights: RightsInfo
  state: MeetingState
}

type Name = keyof Values | `${keyof Values}?`
/** A list of strings allows these and no other. */
export type Field = Name | readonly string[]
export type Shape = Readonly<Record<string, Field>>

type ValueOf<F extends Field> = F extends readonly (infer Choice)[]
  ? Choice
  : F extends `${infer Base extends keyof Values}?`
    ? Values[Base]
    : F extends keyof Values
      ? Values[F]
      : never
type OptionalOf<S extends Shape> = { [Key in keyof S]: S[Key] extends `${string}?` ? Key : never }[keyof S]
type Object<S extends Shape> = { -readonly [Key in Exclude<keyof S, OptionalOf<S>>]: ValueOf<S[Key]> } & {
  -readonly [Key in OptionalOf<S>]?: ValueOf<S[Key]>
}

export interface CommandShape {
  readonly text: string
  readonly args?: Shape
  /** The type of the answer's `value`. */
  readonly gives?: keyof Values
}

const INPUTS = ['microphone', 'camera'] as const
const SOURCES = ['microphone', 'camera', 'screen_share'] as const
const REACTIONS = ['thumbs_up', 'clap', 'heart', 'laugh', 'wow', 'party'] as const
const LAYOUTS = ['auto', 'grid', 'speaker', 'sidebar'] as const
const THEMES = ['auto', 'light', 'dark'] as const
const KINDS = ['microphone', 'camera', 'speaker'] as const
const PHASES = ['joining', 'connected', 'interrupted', 'reconnecting', 'closed'] as const

export const COMMANDS = {
  join: {
    text: 'Joins from the step before the meeting, as its button does. Without a name, the one in the field counts.',
    args: { display_name: 'string?', microphone: 'boolean?', camera: 'boolean?' },
  },
  leave: { text: 'Leaves the meeting, or the waiting room.' },
  rejoin: { text: 'Comes back after the end.' },
  end_for_all: { text: 'Ends the meeting for everybody. Hosts only.' },
  rename: { text: 'Waits under another name; only in the waiting room.', args: { display_name: 'string' } },
  set_microphone: { text: 'Turns the microphone on or off.', args: { on: 'boolean' } },
  set_camera: { text: 'Turns the camera on or off.', args: { on: 'boolean' } },
  choose_device: { text: 'Uses another device; `get_state` lists them.', args: { kind: KINDS, id: 'string' } },
  start_share: {
    text: 'Shares the screen. It has to follow a press in the embedding page, because the browser asks for one.',
  },
  stop_share: { text: 'Stops sharing the screen.' },
  set_layout: { text: 'Arranges the tiles.', args: { layout: LAYOUTS } },
  pin: {
    text: 'Keeps somebody large for the person at this page, or no longer.',
    args: { participant_id: 'string', on: 'boolean' },
  },
  spotlight: {
    text: 'Shows somebody to everybody in the first place, or no longer. Hosts only.',
    args: { participant_id: 'string', on: 'boolean' },
  },
  send_message: { text: 'Writes to everybody in the chat.', args: { text: 'string' } },
  remove_message: { text: 'Removes a message from the chat. Hosts only.', args: { number: 'number' } },
  pin_message: {
    text: 'Shows a message above the others; null: none. Hosts only.',
    args: { number: 'number|null' },
  },
  raise_hand: { text: 'Raises or lowers the hand of the person at this page.', args: { raised: 'boolean' } },
  lower_hand: { text: 'Lowers the hand of somebody. Hosts only.', args: { participant_id: 'string' } },
  lower_all_hands: { text: 'Lowers all hands. Hosts only.' },
  react: { text: 'Sends a reaction.', args: { reaction: REACTIONS } },
  admit: { text: 'Lets somebody in who waits. Hosts only.', args: { participant_id: 'string' } },
  admit_all: { text: 'Lets everybody in who waits. Hosts only.' },
  deny: { text: 'Turns somebody away who waits. Hosts only.', args: { participant_id: 'string' } },
  mute: {
    text: 'Turns off what somebody sends. Nobody can turn it on for another. Hosts only.',
    args: { participant_id: 'string', source: SOURCES },
  },
  mute_all: {
    text: 'Turns off the microphones or cameras of all others; with `lock`, guests cannot turn them on. Hosts only.',
    args: { source: INPUTS, lock: 'boolean?' },
  },
  ask_to_unmute: {
    text: 'Asks somebody to turn an input on. Hosts only.',
    args: { participant_id: 'string', source: INPUTS },
  },
  remove: {
    text: 'Sends somebody away. Hosts only.',
    args: { participant_id: 'string', may_return: 'boolean?' },
  },
  make_host: { text: 'Makes a guest a host for this meeting. Hosts only.', args: { participant_id: 'string' } },
  lock: { text: 'Lets nobody new in, or opens again. Hosts only.', args: { locked: 'boolean' } },
  set_guest_rights: {
    text: 'Changes what guests may do. Hosts only.',
    args: {
      microphone: 'boolean?',
      camera: 'boolean?',
      screen_share: 'boolean?',
      chat: 'boolean?',
      reactions: 'boolean?',
      one_share_at_a_time: 'boolean?',
    },
  },
  set_language: { text: 'Shows the page in another language.', args: { language: 'string' } },
  set_theme: { text: 'Shows the page light, dark, or as the system has it.', args: { theme: THEMES } },
  get_state: { text: 'Tells how everything is now.', gives: 'state' },
} as const satisfies Readonly<Record<string, CommandShape>>

export interface EventShape {
  readonly text: string
  readonly detail?: Shape
}

export const EVENTS = {
  ready: { text: 'The meeting page listens to commands.', detail: { version: 'number' } },
  embed_error: {
    text: 'The embedding page has not allowed the frame these policies.',
    detail: { missing: 'string[]' },
  },
  error: {
    text: 'There is no meeting: `no_answer` and `version` come from the script, the others from docs/page-api.md.',
    detail: { code: 'string' },
  },
  prejoin_shown: { text: 'The person is at the step before the meeting.' },
  waiting: { text: 'The person waits to be let in.', detail: { reason: 'string' } },
  joined: { text: 'The person is in the meeting.', detail: { participant_id: 'string', role: ['owner', 'guest'] } },
  denied: {
    text: 'A host did not let the person in. They may ask again after so many seconds; null: not in this session.',
    detail: { retry_after: 'number|null' },
  },
  left: {
    text: 'The person is out of the meeting, and the frame may be removed.',
    detail: { reason: ['left', 'removed', 'duplicate', 'lost'] },
  },
  ended: { text: 'The meeting has ended for everybody.' },
  connection_changed: { text: 'The connection is another than before.', detail: { state: PHASES } },
  role_changed: { text: 'The person has become a host.', detail: { role: ['owner', 'guest'] } },
  participant_joined: { text: 'Somebody is inside, at first everybody.', detail: { participant: 'participant' } },
  participant_left: { text: 'Somebody has left.', detail: { participant: 'participant' } },
  participant_changed: { text: 'Something about somebody has changed.', detail: { participant: 'participant' } },
  speakers_changed: { text: 'Other people speak than before.', detail: { participant_ids: 'string[]' } },
  microphone_changed: { text: 'The microphone was turned on or off.', detail: { on: 'boolean' } },
  camera_changed: { text: 'The camera was turned on or off.', detail: { on: 'boolean' } },
  screen_changed: { text: 'The person began or stopped sharing the screen.', detail: { on: 'boolean' } },
  device_error: {
    text: 'An input could not be opened.',
    detail: { kind: ['microphone', 'camera', 'screen_share'], code: 'string' },
  },
  devices_changed: { text: 'There are other devices, or another one is chosen.', detail: { devices: 'device[]' } },
  layout_changed: { text: 'The tiles are arranged in another way.', detail: { layout: LAYOUTS } },
  pins_changed: { text: 'The person has pinned other people.', detail: { participant_ids: 'string[]' } },
  spotlight_changed: { text: 'A host shows other people to everybody.', detail: { participant_ids: 'string[]' } },
  message_received: {
    text: 'A message was written; those from before come first.',
    detail: { message: 'message' },
  },
  message_removed: { text: 'A host has removed a message.', detail: { number: 'number' } },
  hand_changed: {
    text: 'Somebody raised or lowered a hand.',
    detail: { participant_id: 'string', raised: 'boolean', place: 'number|null' },
  },
  reaction_received: {
    text: 'Somebody sent a reaction; equal ones within a second may come as one.',
    detail: { reaction: REACTIONS, participant_id: 'string', name: 'string' },
  },
  waiting_list_changed: { text: 'Other people wait than before. Hosts only.', detail: { waiting: 'waiting[]' } },
  lock_changed: { text: 'The meeting was locked or opened.', detail: { locked: 'boolean' } },
  rights_changed: { text: 'The person may do other things than before.', detail: { rights: 'rights' } },
  unmute_asked: {
    text: 'A host asks the person to turn an input on.',
    detail: { source: INPUTS, name: 'string|null' },
  },
  language_changed: { text: 'The page is in another language.', detail: { language: 'string' } },
  theme_changed: { text: 'The page is light, dark, or as the system has it.', detail: { theme: THEMES } },
} as const satisfies Readonly<Record<string, EventShape>>

/** Attributes of the element, and the query parameters of the meeting page that they become. */
export const ATTRIBUTES = {
  'room-url': null,
  'display-name': 'display_name',
  'skip-prejoin': 'skip_prejoin',
  microphone: 'microphone',
  camera: 'camera',
  language: 'language',
  theme: 'theme',
  layout: 'layout',
} as const

export const ATTRIBUTE_TEXTS: Readonly<Record<keyof typeof ATTRIBUTES, string>> = {
  'room-url': 'The guest link or host link of the room.',
  'display-name': 'The name in the meeting.',
  'skip-prejoin': 'Present: leaves out the step before the meeting (docs/embedding.md).',
  microphone: '`off`: starts muted.',
  camera: '`off`: starts with the camera off.',
  language: 'The language of the page, such as `de`; may change at any time.',
  theme: '`auto`, `light` or `dark`; may change at any time.',
  layout: 'How the tiles are arranged, as in `set_layout`; may change inside the meeting.',
}

/** Codes of commands that were not carried out. */
export const ANSWER_CODES = {
  not_joined: 'The person is not at the place where this can be done.',
  not_permitted: 'The server or a host does not allow it.',
  unavailable: 'It cannot be done now.',
  invalid_input: 'The arguments are not what the command takes.',
  unknown_participant: 'Nobody in the meeting has this id.',
  unknown_waiting: 'Nobody with this id waits.',
  needs_press: 'The browser wants a press in the page just before.',
  unknown_command: 'The meeting page does not know the command.',
  too_many: 'A hundred commands wait already.',
  no_answer: 'The meeting page did not answer within 10 seconds.',
  disposed: 'The meeting is no longer on the page.',
} as const

export type AttributeName = keyof typeof ATTRIBUTES
export type CommandName = keyof typeof COMMANDS
export type EventName = keyof typeof EVENTS
export type AnswerCode = keyof typeof ANSWER_CODES | (string & {})

type ShapeOf<T> = T extends { readonly args: infer S extends Shape }
  ? S
  : T extends { readonly detail: infer S extends Shape }
    ? S
    : Record<never, never>
export type CommandArgs<C extends CommandName> = Object<ShapeOf<(typeof COMMANDS)[C]>>
export type EventDetail<E extends EventName> = Object<ShapeOf<(typeof EVENTS)[E]>>
export type CommandValue<C extends CommandName> = (typeof COMMANDS)[C] extends {
  readonly gives: infer G extends keyof Values
}
  ? Values[G]
  : undefined

export type Answer<C extends CommandName = CommandName> =
  | { ok: true; value: CommandValue<C> }
  | { ok: false; code: AnswerCode }

/** An answer as it travels. */
export type AnyAnswer = { ok: true; value: unknown } | { ok: false; code: AnswerCode }

/** From the meeting page to the page around it, by `postMessage`. */
export interface Hello {
  type: 'moothall:hello'
  versions: readonly number[]
  /** Policies that the frame was not given. */
  missing: readonly string[]
}
/** The answer to it, with the port on which all else is said. */
export interface Welcome {
  type: 'moothall:welcome'
  version: number
}
/** On the port, or by `postMessage` where a press has to be passed on. */
export interface Run {
  type: 'moothall:run'
  id: number
  command: string
  args: unknown
}
export type FromPage =
  | { type: 'moothall:event'; event: EventName; detail: unknown }
  | ({ type: 'moothall:answer'; id: number } & AnyAnswer)
