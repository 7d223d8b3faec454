/** The meeting in the words of the contract with the page around it. No secret is among them. */
import type { ChatMessage } from '@/api/page'
import type { Call } from '@/call/call'
import type { DeviceKind, DeviceListState } from '@/call/devices'
import type { Participant } from '@/call/participants'
import type {
  ChatMessageInfo,
  DeviceInfo,
  EventDetail,
  MeetingState,
  ParticipantInfo,
  WaitingPerson,
} from '@/embed/schema'
import { scheme } from '@/lib/scheme'
import { scene } from '../scene'
import type { Screen } from '../useVisit'

const KINDS: readonly DeviceKind[] = ['microphone', 'camera', 'speaker']
const PHASES: Record<Screen['name'], MeetingState['phase']> = {
  looking: 'looking',
  problem: 'error',
  prejoin: 'prejoin',
  entering: 'entering',
  waiting: 'waiting',
  inside: 'joined',
  over: 'over',
}

export function describeParticipant(call: Call, { id, isLocal, sharesScreen, view }: Participant): ParticipantInfo {
  const { name, isHost, isAway, isMuted, camera } = view.getSnapshot()
  return {
    id,
    name,
    is_local: isLocal,
    is_host: isHost,
    is_away: isAway,
    microphone: !isMuted,
    camera: camera !== null,
    screen: sharesScreen,
    hand: call.hands.placeOf(id),
  }
}

export function describeDevices(list: DeviceListState): DeviceInfo[] {
  return KINDS.flatMap((kind) =>
    list[kind].map(({ id, label }) => ({ kind, id, label, is_chosen: list.chosen[kind] === id })),
  )
}

export function describeWaiting({ lobby }: Call): WaitingPerson[] {
  return lobby.getSnapshot().people.map(({ participant_id, name, since }) => ({ participant_id, name, since }))
}

export function describeMessage(call: Call, message: ChatMessage): ChatMessageInfo {
  const { number, participant_id, name, message: text, timestamp } = message
  return { number, participant_id, name, text, timestamp, is_own: call.chat.isMine(message) }
}

/** The state of the connection in fewer words. */
export function describeConnection(call: Call): EventDetail<'connection_changed'>['state'] {
  const { phase } = call.visit.getSnapshot().connection
  switch (phase) {
    case 'connected':
    case 'interrupted':
    case 'closed':
      return phase
    case 'backoff':
      return 'reconnecting'
    default:
      return 'joining'
  }
}

export function describeState(missing: readonly string[]): MeetingState {
  const { visit, choices, language } = scene.getSnapshot()
  const screen = visit?.screen
  const call = screen?.name === 'inside' ? screen.call : null
  const previewed = screen?.name === 'prejoin' || screen?.name === 'waiting' ? screen.preview.getSnapshot() : null
  const inputs = call?.inputs.getSnapshot() ?? previewed
  return {
    phase: screen === undefined ? 'looking' : PHASES[screen.name],
    role: call?.visit.getSnapshot().role ?? visit?.lookup?.role ?? null,
    participant_id: call?.visit.participantId() ?? null,
    participants:
      call?.participants.getSnapshot().all.map((participant) => describeParticipant(call, participant)) ?? [],
    waiting: call === null ? [] : describeWaiting(call),
    devices: visit === null ? [] : describeDevices(visit.devices.getSnapshot()),
    microphone: inputs?.microphone.isOn ?? false,
    camera: inputs?.camera.isOn ?? false,
    screen: call?.share.getSnapshot().phase === 'on',
    layout: choices?.getSnapshot().layout ?? null,
    pinned: [...(choices?.getSnapshot().pinned ?? [])],
    spotlight: [...(call?.moderation.getSnapshot().spotlight ?? [])],
    locked: call?.moderation.getSnapshot().isLocked ?? false,
    language: language ?? '',
    theme: scheme.getSnapshot().theme,
    missing: [...missing],
  }
}
