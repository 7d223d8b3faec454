import { type LocalTrackPublication, RoomEvent, Track } from 'livekit-client'
import { beforeEach, expect, test } from 'vitest'
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
  readonly remoteParticipants = new Map<string, { getTrackPublication: (source: string) => unknown }>()
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

function make({ isConnected = () => true }: { isConnected?: () => boolean } = {}) {
  const room = new ShareRoom()
  const share = new Share({ room: room as never, isConnected })
  const sent = () => [...room.published.keys()]
  return { room, share, sent, phase: () => share.getSnapshot().phase, problem: () => share.getSnapshot().problem }
}
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
    room.remoteParticipants.set(id, { getTrackPublication: (source) => (source === SCREEN ? {} : undefined) })
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
