import { type LocalTrackPublication, RoomEvent, Track } from 'livekit-client'
import { beforeEach, expect, test } from 'vitest'
import { PageError } from '@/api/page'
import { provideMediaDevices } from '@/testing/mediaDevices'
import { Share } from './share'

/** A track of a picker: can be cloned, stopped, and ended by the browser. */
class FakeTrack extends EventTarget {
  readonly id = 'screen'
  contentHint = ''
  readyState = 'live'
  constructor(
    readonly kind: 'video' | 'audio',
    readonly settings: object,
  ) {
    super()
  }
  getSettings = () => this.settings
  applyConstraints = async () => undefined
  clone = () => new FakeTrack(this.kind, this.settings)
  stop(): void {
    this.readyState = 'ended'
  }
}

/** A room as far as sharing uses it. `refuses`: the server does not take the next track. */
class ShareRoom {
  readonly listeners = new Map<string, ((...values: unknown[]) => void)[]>()
  readonly published = new Map<string, { track: FakeTrack }>()
  readonly remoteParticipants = new Map<
    string,
    { identity: string; getTrackPublication: (source: string) => unknown }
  >()
  refuses = false
  engine: undefined | { on: (event: string, listener: (answer: object) => void) => void; off: () => void }
  readonly localParticipant = {
    permissions: undefined as undefined | { canPublish: boolean; canPublishSources: number[] },
    getTrackPublication: (source: string) => this.published.get(source),
    publishTrack: async (track: FakeTrack, { source }: { source: string }) => {
      if (this.refuses) {
        throw new Error('refused')
      }
      this.published.set(source, { track })
    },
    unpublishTrack: async (track: FakeTrack) => {
      for (const [source, publication] of this.published) {
        if (publication.track === track) {
          this.published.delete(source)
        }
      }
    },
  }
  on(event: string, listener: (...values: unknown[]) => void): this {
    this.listeners.set(event, [...(this.listeners.get(event) ?? []), listener])
    return this
  }
  off(event: string, listener: (...values: unknown[]) => void): this {
    const listeners = this.listeners.get(event) ?? []
    this.listeners.set(
      event,
      listeners.filter((one) => one !== listener),
    )
    return this
  }
  emit(event: string, ...values: unknown[]): void {
    for (const listener of this.listeners.get(event) ?? []) {
      listener(...values)
    }
  }
}

let picked: FakeTrack[]
let asked = 0
beforeEach(() => {
  asked = 0
  picked = [new FakeTrack('video', { displaySurface: 'window', width: 1600, height: 900 })]
  provideMediaDevices({
    getDisplayMedia: async () => {
      asked += 1
      return {
        getVideoTracks: () => picked.filter(({ kind }) => kind === 'video'),
        getAudioTracks: () => picked.filter(({ kind }) => kind === 'audio'),
      } as unknown as MediaStream
    },
  })
})

interface Setting {
  isConnected?: () => boolean
  isOneShareAtATime?: boolean
  isHost?: boolean
}

function make({ isConnected = () => true, isOneShareAtATime = false, isHost = false }: Setting = {}) {
  const room = new ShareRoom()
  /** The requests to replace, in order; the answer to one may be an error. */
  const replaced: (readonly string[])[] = []
  const refusals: PageError[] = []
  const share = new Share({
    room: room as never,
    isConnected,
    rules: () => ({ isOneShareAtATime, isHost }),
    replace: async (ids) => {
      replaced.push(ids)
      const refusal = refusals.shift()
      if (refusal !== undefined) {
        throw refusal
      }
      room.remoteParticipants.clear()
    },
    nameOf: (id) => id.toUpperCase(),
  })
  const sent = () => [...room.published.keys()]
  return {
    room,
    share,
    replaced,
    refusals,
    sent,
    phase: () => share.getSnapshot().phase,
    problem: () => share.getSnapshot().problem,
  }
}
/** Somebody else shares their screen. */
function shares(room: ShareRoom, id: string): void {
  room.remoteParticipants.set(id, {
    identity: id,
    getTrackPublication: (source) => (source === SCREEN ? {} : undefined),
  })
  room.emit(RoomEvent.TrackPublished)
}
const told = (notice: object) => new TextEncoder().encode(JSON.stringify(notice))
const SCREEN = Track.Source.ScreenShare
const settled = () => new Promise((resolve) => setTimeout(resolve))

test('what was picked is sent, sharp for text, and stopping stops the capture', async () => {
  const { share, sent, phase, room } = make()
  await share.start()

  expect(phase()).toBe('on')
  expect(sent()).toEqual([SCREEN])
  expect(room.published.get(SCREEN)?.track.contentHint).toBe('detail')
  share.stop()
  await settled()
  expect([phase(), sent(), picked[0]?.readyState]).toEqual(['off', [], 'ended'])
})

test('a tab with sound is sent with it, as a film', async () => {
  picked = [new FakeTrack('video', { displaySurface: 'browser' }), new FakeTrack('audio', {})]
  const { share, sent } = make()
  await share.start()

  expect(sent()).toEqual([SCREEN, Track.Source.ScreenShareAudio])
  expect(share.getSnapshot()).toMatchObject({ kind: 'video', surface: 'tab' })
})

test('the browser’s own way to stop is ours', async () => {
  const { share, sent, phase } = make()
  await share.start()
  picked[0]?.stop()
  picked[0]?.dispatchEvent(new Event('ended'))
  await settled()

  expect([phase(), sent()]).toEqual(['off', []])
})

test('a stay that ends while the picker is open shares nothing', async () => {
  const { share, sent, phase } = make()
  const started = share.start()
  share.stop()
  await started

  expect([phase(), sent(), picked[0]?.readyState]).toEqual(['off', [], 'ended'])
})

test('who cancels in the picker hears nothing', async () => {
  const denied = new DOMException('Permission denied', 'NotAllowedError')
  provideMediaDevices({ getDisplayMedia: () => Promise.reject(denied) })
  const { share, phase, problem } = make()
  await share.start()

  expect([phase(), problem()]).toEqual(['off', null])
})

test('a share outlives a connection that is made anew, although the client stops what it had sent', async () => {
  const { room, share, sent, phase } = make()
  await share.start()
  room.published.get(SCREEN)?.track.stop()
  room.published.clear()
  await share.publish()

  expect([phase(), sent(), asked]).toEqual(['on', [SCREEN], 1])
  expect(room.published.get(SCREEN)?.track.readyState).toBe('live')
})

test('what fails while the connection is gone is sent once it is back', async () => {
  let isConnected = true
  const { room, share, sent, phase } = make({ isConnected: () => isConnected })
  room.refuses = true
  const started = share.start()
  isConnected = false
  await started
  expect(phase()).toBe('on')

  isConnected = true
  room.refuses = false
  room.emit(RoomEvent.Reconnected)
  await settled()
  expect(sent()).toEqual([SCREEN])
})

test('what the server refuses is told, and the capture ends', async () => {
  const { room, share, phase, problem } = make()
  room.refuses = true
  await share.start()

  expect([phase(), problem(), picked[0]?.readyState]).toEqual(['off', 'failed', 'ended'])
})

test('where the server takes no more screens, one reads so at once', async () => {
  const { room, share, phase, problem } = make()
  const listeners: ((answer: object) => void)[] = []
  room.engine = { on: (_event, listener) => void listeners.push(listener), off: () => undefined }
  room.localParticipant.publishTrack = () => new Promise(() => undefined)
  const started = share.start()
  await settled()
  for (const [cid, reason] of [
    ['another', 3],
    ['screen', 3],
  ] as const) {
    for (const listener of listeners) {
      listener({ reason, request: { case: 'addTrack', value: { cid } } })
    }
  }
  await started

  expect([phase(), problem(), picked[0]?.readyState]).toEqual(['off', 'limit', 'ended'])
})

test('while three others share, nobody is asked for a screen', async () => {
  const { room, share, problem } = make()
  for (const id of ['a', 'b', 'c']) {
    shares(room, id)
  }
  await share.start()

  expect([problem(), asked]).toEqual(['limit', 0])
})

test('losing the right to share ends the share and says so', async () => {
  const { room, share, sent, phase, problem } = make()
  await share.start()
  room.localParticipant.permissions = { canPublish: true, canPublishSources: [1, 2] }
  room.emit(RoomEvent.ParticipantPermissionsChanged, undefined, { isLocal: true })
  await settled()

  expect([phase(), problem(), sent(), share.getSnapshot().isAllowed]).toEqual(['off', 'stopped', [], false])
})

test('a share that the server mutes is over', async () => {
  const { room, share, phase, problem } = make()
  await share.start()
  room.emit(RoomEvent.TrackMuted, { source: SCREEN } as LocalTrackPublication, { isLocal: true })

  expect([phase(), problem()]).toEqual(['off', 'stopped'])
})

test('where one shares at a time, a guest reads whom to wait for', async () => {
  const { room, share, problem, phase } = make({ isOneShareAtATime: true })
  shares(room, 'ada')
  await share.start()

  expect([phase(), problem(), share.getSnapshot().waitsFor, asked]).toEqual(['off', 'limit', 'ADA', 0])
  share.dismiss()
  expect(share.getSnapshot()).toMatchObject({ problem: null, waitsFor: null })
})

test('a host is asked before the picker is shown, and replaces the other', async () => {
  const { room, share, replaced, sent, phase } = make({ isOneShareAtATime: true, isHost: true })
  shares(room, 'ada')
  await share.start()
  expect(share.getSnapshot().question).toEqual({ ids: ['ada'], names: ['ADA'] })
  expect([phase(), asked, replaced]).toEqual(['off', 0, []])

  await share.replace()
  expect([phase(), asked, replaced, sent()]).toEqual(['on', 1, [['ada']], [SCREEN]])
  expect(share.getSnapshot().question).toBeNull()
})

test('a host who leaves the other sharing shares nothing', async () => {
  const { room, share, replaced, sent, phase, problem } = make({ isOneShareAtATime: true, isHost: true })
  shares(room, 'ada')
  await share.start()
  share.keepOthers()

  expect([phase(), problem(), asked, replaced, sent()]).toEqual(['off', null, 0, [], []])
  expect(share.getSnapshot().question).toBeNull()
})

test('a host who cancels in the picker replaces nobody', async () => {
  const denied = new DOMException('Permission denied', 'NotAllowedError')
  provideMediaDevices({ getDisplayMedia: () => Promise.reject(denied) })
  const { room, share, replaced, phase } = make({ isOneShareAtATime: true, isHost: true })
  shares(room, 'ada')
  await share.start()
  await share.replace()

  expect([phase(), replaced]).toEqual(['off', []])
})

test('a host who comes second is asked about the first, with the same picked screen', async () => {
  const { room, share, replaced, refusals, sent, phase } = make({ isOneShareAtATime: true, isHost: true })
  shares(room, 'ada')
  await share.start()
  refusals.push(new PageError('share_changed'))
  const replacing = share.replace()
  await settled()
  room.remoteParticipants.clear()
  shares(room, 'grace')
  await replacing
  expect(share.getSnapshot().question).toEqual({ ids: ['grace'], names: ['GRACE'] })
  expect([phase(), sent()]).toEqual(['asking', []])

  await share.replace()
  expect([phase(), asked, replaced, sent()]).toEqual(['on', 1, [['ada'], ['grace']], [SCREEN]])
})

test('a host whose second answer is no keeps no screen', async () => {
  const { room, share, refusals, phase } = make({ isOneShareAtATime: true, isHost: true })
  shares(room, 'ada')
  await share.start()
  refusals.push(new PageError('share_changed'))
  const replacing = share.replace()
  shares(room, 'grace')
  await replacing
  share.keepOthers()

  expect([phase(), picked[0]?.readyState]).toEqual(['off', 'ended'])
})

test('what the server does not replace is told, and the capture ends', async () => {
  const { room, share, refusals, phase, problem } = make({ isOneShareAtATime: true, isHost: true })
  shares(room, 'ada')
  await share.start()
  refusals.push(new PageError('unavailable'))
  await share.replace()

  expect([phase(), problem(), picked[0]?.readyState]).toEqual(['off', 'failed', 'ended'])
})

test.each(['notice first', 'end first'])('who is replaced shares no more and knows by whom: %s', async (order) => {
  const { room, share, sent, phase, problem } = make({ isOneShareAtATime: true })
  await share.start()
  const steps = [
    () => share.receive(told({ type: 'share_replaced', by: { participant_id: 'g', name: 'Grace' } })),
    () => room.emit(RoomEvent.TrackMuted, { source: SCREEN } as LocalTrackPublication, { isLocal: true }),
  ]
  for (const step of order === 'notice first' ? steps : steps.reverse()) {
    step()
  }
  await settled()

  expect([phase(), sent(), share.getSnapshot().replacedBy]).toEqual(['off', [], { name: 'Grace' }])
  expect(problem()).toBeNull()
})
