import { Room } from 'livekit-client'
import type { LobbyPerson, Role } from '@/api/page'
import { Call, type CallOptions } from '@/call/call'
import { aJoinTicket, FakePage } from './builders'

/** A room that is never connected and counts as connected. Its local participant has no devices. */
export class OfflineRoom extends Room {
  override connect = async (): Promise<void> => undefined
  override disconnect = async (): Promise<void> => undefined
}

export interface InsideOptions extends Partial<CallOptions> {
  role?: Role
  page?: FakePage
  waiting?: LobbyPerson[]
}

/**
 * A call that is inside a meeting. All of it is real but the connection; what it asked of the
 * server is in `page`.
 */
export async function insideCall({
  role = 'guest',
  page = new FakePage(),
  waiting = [],
  ...change
}: InsideOptions = {}) {
  page.joins = [aJoinTicket({ role })]
  page.lists = [waiting]
  const call = new Call({
    page,
    who: { meetingCode: '123456789012', participantToken: null, name: 'Ada' },
    role,
    needsApproval: waiting.length > 0,
    hasChat: true,
    initialMedia: { tracks: { microphone: null, camera: null }, wants: { microphone: false, camera: false } },
    deviceIds: { microphone: null, camera: null, speaker: null },
    room: new OfflineRoom(),
    ...change,
  })
  call.join()
  await settled(() => call.visit.isConnected())
  return { call, page }
}

async function settled(isDone: () => boolean): Promise<void> {
  while (!isDone()) {
    await new Promise((resolve) => setTimeout(resolve))
  }
}
