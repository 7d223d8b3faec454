/** Carries out the commands of the page around this one, as the person at the page could. */
import { PageError } from '@/api/page'
import type { Call } from '@/call/call'
import { UNCHANGED } from '@/call/moderation'
import { type AnyAnswer, COMMANDS, type CommandArgs, type CommandName } from '@/embed/schema'
import { parseLanguage } from '@/lib/languages'
import { scheme } from '@/lib/scheme'
import { scene } from '../scene'
import type { Visit } from '../useVisit'
import { describeState } from './describe'
import { isOfShape } from './validate'

class Refused extends Error {}

type Handlers = { [C in CommandName]: (args: CommandArgs<C>) => unknown }

/** Never throws. `missing`: policies that this frame was not given. */
export async function runCommand(command: string, args: unknown, missing: readonly string[]): Promise<AnyAnswer> {
  if (!Object.hasOwn(COMMANDS, command)) {
    return { ok: false, code: 'unknown_command' }
  }
  const name = command as CommandName
  const { args: shape = {} } = COMMANDS[name] as { args?: Parameters<typeof isOfShape>[0] }
  if (!isOfShape(shape, args ?? {})) {
    return { ok: false, code: 'invalid_input' }
  }
  try {
    if (name === 'get_state') {
      return { ok: true, value: describeState(missing) }
    }
    const { participant_id: id } = (args ?? {}) as { participant_id?: string }
    refuseIf(id !== undefined && !WAITING.includes(name) && !isInside(id), 'unknown_participant')
    await (HANDLERS[name] as (given: unknown) => unknown)(args ?? {})
    return { ok: true, value: undefined }
  } catch (error) {
    return {
      ok: false,
      code: error instanceof Refused ? error.message : error instanceof PageError ? error.code : 'unavailable',
    }
  }
}

/** Commands about somebody who is not inside yet. */
const WAITING: readonly CommandName[] = ['admit', 'deny']

const HANDLERS: Handlers = {
  join({ display_name, microphone, camera }) {
    const visit = at('prejoin')
    const name = (display_name ?? visit.initialName).trim()
    refuseIf(name === '' || name.length > 64, 'invalid_input')
    for (const [kind, isOn] of [['microphone', microphone] as const, ['camera', camera] as const]) {
      if (isOn !== undefined) {
        visit.turnPreview(kind, isOn)
      }
    }
    visit.join(name)
  },
  leave() {
    const { visit } = scene.getSnapshot()
    if (visit?.screen.name === 'waiting') {
      visit.cancelWaiting()
    } else {
      inside().leave()
    }
  },
  rejoin: () => at('over').rejoin(),
  end_for_all: () => inside().visit.endForAll(),
  rename: ({ display_name }) => at('waiting').rename(display_name),
  set_microphone: ({ on }) => turn('microphone', on),
  set_camera: ({ on }) => turn('camera', on),
  choose_device({ kind, id }) {
    const { visit } = scene.getSnapshot()
    refuseIf(!visit?.devices.getSnapshot()[kind].some((device) => device.id === id), 'unavailable')
    visit?.chooseDevice(kind, id)
  },
  async start_share() {
    const { share, moderation } = inside()
    refuseIf(!moderation.getSnapshot().mine.screen_share, 'not_permitted')
    await share.start()
    const { phase, problem } = share.getSnapshot()
    if (problem === 'failed' && navigator.userActivation?.isActive === false) {
      share.dismiss()
      throw new Refused('needs_press')
    }
    refuseIf(problem === 'blocked_by_embedder', 'not_permitted')
    refuseIf(phase !== 'on', 'unavailable')
  },
  stop_share: () => inside().share.stop(),
  set_layout: ({ layout }) => stage().update({ layout }),
  pin({ participant_id: id, on }) {
    const choices = stage()
    const there = new Set(
      inside()
        .tiles.getSnapshot()
        .all.map((tile) => tile.id),
    )
    if (choices.getSnapshot().pinned.includes(id) !== on) {
      refuseIf(on && !choices.canPin(id, there), 'unavailable')
      choices.togglePin(id, there)
    }
  },
  spotlight: (args) => inside().commander.attempt('spotlight', args),
  async send_message({ text }) {
    const { chat, moderation } = inside()
    const hasChat = scene.getSnapshot().visit?.lookup?.room.available_features.is_chat_available
    refuseIf(!hasChat || !moderation.getSnapshot().mine.chat, 'not_permitted')
    await chat.post(text)
  },
  remove_message: (args) => inside().commander.attempt('removeMessage', args),
  pin_message: (args) => inside().commander.attempt('pin', args),
  raise_hand: (args) => inside().commander.attempt('raiseHand', args),
  lower_hand: (args) => inside().commander.attempt('lowerHand', args),
  lower_all_hands: () => inside().commander.attempt('lowerHands', {}),
  react: (args) => inside().commander.attempt('react', args),
  admit: ({ participant_id }) => answerWaiting((call) => call.lobby.admit(participant_id), participant_id),
  admit_all: () => answerWaiting((call) => call.lobby.admitAll()),
  deny: ({ participant_id }) => answerWaiting((call) => call.lobby.deny(participant_id), participant_id),
  mute: (args) => inside().commander.attempt('mute', args),
  mute_all: ({ source, lock = false }) => inside().commander.attempt('muteAll', { source, lock }),
  ask_to_unmute: (args) => inside().commander.attempt('askToUnmute', args),
  remove: ({ participant_id, may_return = false }) =>
    inside().commander.attempt('remove', { participant_id, may_return }),
  make_host: (args) => inside().commander.attempt('promote', args),
  lock: (args) => inside().commander.attempt('lock', args),
  set_guest_rights: (args) => inside().commander.attempt('permit', { ...UNCHANGED, ...args }),
  set_language({ language }) {
    const { chooseLanguage } = scene.getSnapshot()
    const parsed = parseLanguage(language)
    if (parsed === null) {
      throw new Refused('invalid_input')
    }
    if (chooseLanguage === null) {
      throw new Refused('not_permitted')
    }
    chooseLanguage(parsed)
  },
  set_theme: ({ theme }) => scheme.choose(theme),
  get_state: () => undefined,
}

function refuseIf(isRefused: boolean, code: string): void {
  if (isRefused) {
    throw new Refused(code)
  }
}

function at(screen: Visit['screen']['name']): Visit {
  const { visit } = scene.getSnapshot()
  if (visit?.screen.name !== screen) {
    throw new Refused('not_joined')
  }
  return visit
}

function inside(): Call {
  const { visit } = scene.getSnapshot()
  if (visit?.screen.name !== 'inside') {
    throw new Refused('not_joined')
  }
  return visit.screen.call
}

function isInside(id: string): boolean {
  return inside()
    .participants.getSnapshot()
    .all.some((one) => one.id === id)
}

function stage() {
  const { choices } = scene.getSnapshot()
  if (choices === null) {
    throw new Refused('not_joined')
  }
  return choices
}

/** Whether the device opens is told by the events: the browser may ask the person first. */
function turn(kind: 'microphone' | 'camera', isOn: boolean): void {
  const { visit } = scene.getSnapshot()
  if (visit?.screen.name === 'prejoin' || visit?.screen.name === 'waiting') {
    visit.turnPreview(kind, isOn)
    return
  }
  const { inputs } = inside()
  refuseIf(isOn && inputs.getSnapshot()[kind].isForbidden === true, 'not_permitted')
  void inputs.turn(kind, isOn)
}

async function answerWaiting(answer: (call: Call) => Promise<void>, id?: string): Promise<void> {
  const call = inside()
  refuseIf(call.visit.getSnapshot().role !== 'owner', 'not_permitted')
  refuseIf(
    id !== undefined && !call.lobby.getSnapshot().people.some((one) => one.participant_id === id),
    'unknown_waiting',
  )
  await answer(call)
  refuseIf(call.lobby.getSnapshot().hasFailed, 'unavailable')
}
