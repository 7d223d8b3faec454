/**
 * The stage with made-up people, for pictures only. Everything on the screen is the real component
 * tree over a real LiveKit room object; only the connection is missing.
 */
import { CSPProvider } from '@base-ui/react/csp-provider'
import { DirectionProvider } from '@base-ui/react/direction-provider'
import {
  ParticipantInfo,
  ParticipantInfo_State,
  TrackInfo,
  TrackSource,
  TrackType,
  ConnectionQuality as WireQuality,
} from '@livekit/protocol'
import { LocalTrackPublication, LocalVideoTrack, type RemoteParticipant, Room, RoomEvent, Track } from 'livekit-client'
import { type ReactNode, useEffect, useState } from 'react'
import { createRoot } from 'react-dom/client'
import { I18nextProvider } from 'react-i18next'
import type { ChatMessage, FeedPage, PageClient, Theme } from '@/api/page'
import InMeeting from '@/app/InMeeting'
import { useBrand } from '@/app/useBrand'
import { Call } from '@/call/call'
import { DeviceList } from '@/call/devices'
import { FEED_TOPIC } from '@/call/feed'
import { Ended } from '@/features/ended/Ended'
import { createWords, speak } from '@/lib/i18n'
import { directionOf, parseLanguage } from '@/lib/languages'
import { Logo } from '@/ui/Logo'
import { PageFrame } from '@/ui/PageFrame'
import { portrait, slide } from './portrait'

const NAMES = [
  'Grace Hopper',
  'Alan Turing',
  'Katherine Johnson',
  'Edsger Dijkstra',
  'Radia Perlman',
  'Hedy Lamarr',
  'محمد الخوارزمي',
  'Barbara Liskov',
  'Wolfeschlegelsteinhausenbergerdorff-Featherstonehaugh',
  'Tim Berners-Lee',
  'Margaret Hamilton',
  'Donald Knuth',
  '李雷',
  'Sophie Wilson',
  'Vint Cerf',
  'Anita Borg',
  'Ken Thompson',
  'Frances Allen',
  'דוד לוי',
  'Jean Bartik',
]
/** As in the stand-in for the server. */
const THEMES: Record<string, string> = { black: '#000000', white: '#ffffff', yellow: '#ffeb3b', grey: '#9e9e9e' }
const query = new URLSearchParams(window.location.search)
const screens = Number(query.get('screens') ?? 0)
const people = Number(query.get('people') ?? 1)
const ended = (['left', 'ended', 'removed', 'duplicate', 'denied', 'lost'] as const).find(
  (reason) => reason === query.get('ended'),
)
const ownRole = query.get('role') === 'guest' ? 'guest' : 'owner'
const language = parseLanguage(query.get('lang') ?? 'en') ?? 'en'

class StagedRoom extends Room {
  override connect = async (): Promise<void> => {
    await this.simulateParticipants({ publish: { audio: true, video: true }, participants: { count: 1 } })
    const me = this.localParticipant
    me.updateInfo(
      new ParticipantInfo({
        sid: 'PA_me',
        identity: 'me',
        name: 'Ada Lovelace',
        attributes: { role: ownRole },
        joinedAt: started(),
      }),
    )
    const camera = me.getTrackPublication(Track.Source.Camera)
    camera?.setTrack(new LocalVideoTrack(portrait(1), undefined, false))
    for (let index = 1; index < people; index += 1) {
      this.#seat(index)
    }
    this.emit(RoomEvent.ConnectionStateChanged, this.state)
    // No packets come here, which is not to be shown as a lost connection.
    call.liveness.stop()
  }

  /** One's own screen, as the others would get it. */
  async shareOwn(): Promise<void> {
    const info = new TrackInfo({ sid: 'TR_own', source: TrackSource.SCREEN_SHARE, type: TrackType.VIDEO })
    const track = new LocalVideoTrack(slide(9), undefined, true)
    track.source = Track.Source.ScreenShare
    const publication = new LocalTrackPublication(Track.Kind.Video, info, track)
    this.localParticipant.trackPublications.set(publication.trackSid, publication)
    this.localParticipant.videoTrackPublications.set(publication.trackSid, publication)
    this.emit(RoomEvent.ConnectionStateChanged, this.state)
    call.liveness.stop()
  }

  #seat(index: number): void {
    const name = `${NAMES[(index - 1) % NAMES.length]}${index > NAMES.length ? ` ${Math.ceil(index / NAMES.length)}` : ''}`
    const hasVideo = index % 4 !== 3
    const isMuted = index % 3 === 2
    const tracks = [
      new TrackInfo({ sid: `TR_a${index}`, source: TrackSource.MICROPHONE, type: TrackType.AUDIO, muted: isMuted }),
      ...(index <= screens
        ? [
            new TrackInfo({
              sid: `TR_s${index}`,
              source: TrackSource.SCREEN_SHARE,
              type: TrackType.VIDEO,
              width: 1920,
              height: 1080,
            }),
          ]
        : []),
      ...(hasVideo ? [new TrackInfo({ sid: `TR_v${index}`, source: TrackSource.CAMERA, type: TrackType.VIDEO })] : []),
    ]
    const info = new ParticipantInfo({
      sid: `PA_${index}`,
      identity: `person-${index}`,
      name,
      state: ParticipantInfo_State.ACTIVE,
      joinedAt: started(),
      tracks,
    })
    // The room makes its participants itself; this is its own way in.
    const room = this as unknown as {
      getOrCreateParticipant(
        identity: string,
        info: ParticipantInfo,
      ): RemoteParticipant & {
        addSubscribedMediaTrack(
          track: MediaStreamTrack,
          sid: string,
          stream: MediaStream,
          receiver: RTCRtpReceiver,
        ): void
        setConnectionQuality(quality: WireQuality): void
      }
    }
    const participant = room.getOrCreateParticipant(info.identity, info)
    participant.updateInfo(info)
    if (hasVideo) {
      const picture = portrait(index + 1)
      participant.addSubscribedMediaTrack(picture, `TR_v${index}`, new MediaStream([picture]), receiver())
    }
    if (index <= screens) {
      const picture = slide(index)
      participant.addSubscribedMediaTrack(picture, `TR_s${index}`, new MediaStream([picture]), receiver())
    }
    if (index === 2 && query.has('lookalike')) {
      participant.updateInfo(
        new ParticipantInfo({ ...info, name: 'Grаce Hopper', attributes: { role: 'guest', lookalike: 'host' } }),
      )
    }
    if (index === 1) {
      participant.updateInfo(new ParticipantInfo({ ...info, attributes: { role: 'owner' } }))
    }
    participant.setConnectionQuality(index % 7 === 4 ? WireQuality.POOR : WireQuality.EXCELLENT)
    if (index === 1) {
      participant.setIsSpeaking(true)
    }
    this.emit(RoomEvent.ParticipantConnected, participant)
  }
}

function receiver(): RTCRtpReceiver {
  return new RTCPeerConnection().addTransceiver('video').receiver
}

function started(): bigint {
  return BigInt(Math.floor(Date.now() / 1000) - 754)
}

const SAID: [name: string, text: string][] = [
  ['Grace Hopper', 'Good morning! Shall we wait for Alan?'],
  ['Grace Hopper', 'The notes from last week: https://docs.example.org/weekly/2026-11-22?view=all#decisions'],
  ['Ada Lovelace', 'He is on his way.\nTwo minutes.'],
  ['محمد الخوارزمي', 'صباح الخير، سأشارك الجدول بعد قليل (v2.1).'],
  ['דוד לוי', 'בוקר טוב לכולם 👋'],
  ['Wolfeschlegelsteinhausenbergerdorff-Featherstonehaugh', '<script>alert("hello")</script>'],
  ['Ada Lovelace', '👍🏽'],
  ['李雷', 'Averylongwordwithoutanyspaceinitthathastobreaksomewherebecauseitdoesnotfit'],
  ['Ada Lovelace', 'Then let us begin. First the schedule, afterwards the open questions from Katherine and Radia.'],
]

function written(count: number): ChatMessage[] {
  return SAID.slice(0, count).map(([name, message], index) => ({
    session_id: 'session',
    number: index + 1,
    revision: index + 1,
    is_removed: false,
    removed_by: null,
    timestamp: Date.UTC(2026, 10, 22, 9, 58 + index),
    participant_id: name === 'Ada Lovelace' ? 'me' : name,
    name,
    role: name === 'Grace Hopper' ? 'owner' : 'guest',
    message,
  }))
}

/** The shared state of the meeting, as the server would give it. */
function sharedState(): [key: string, value: unknown][] {
  const hands = Number(query.get('hands') ?? 0)
  const raised = Array.from({ length: hands }, (_, index) => `person-${index + 2}`)
  if (query.has('own-hand')) {
    raised.splice(1, 0, 'me')
  }
  const closed = { microphone: false, camera: false, screen_share: false, chat: false, reactions: false }
  return [
    ...raised.map((id, index): [string, unknown] => [`hand:${id}`, { order: index + 1 }]),
    ...(query.has('spotlight')
      ? [[`spotlight:person-${query.get('spotlight')}`, { order: 1 }] as [string, unknown]]
      : []),
    ...(query.has('lock') ? [['lock', {}] as [string, unknown]] : []),
    ...(query.get('rights') === 'none' ? [['permissions', closed] as [string, unknown]] : []),
  ]
}

const NOTICES: Record<string, object> = {
  muted: { type: 'muted', source: 'microphone', by: { name: 'Grace Hopper' } },
  asked: { type: 'unmute_asked', source: 'microphone', by: { name: 'Grace Hopper' } },
  'locked-out': { type: 'locked_out', name: 'Katherine Johnson' },
}

function packet(value: object): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(value))
}

/** Does what the address asks for, once everybody is there. */
function happen(): void {
  const notice = NOTICES[query.get('notice') ?? '']
  if (notice !== undefined) {
    call.moderation.receive(packet(notice))
  }
  if (query.get('notice') === 'muted') {
    call.inputs.update({ microphone: { isOn: false, isBusy: false, problem: null, wasTurnedOff: true } })
  }
  if (query.has('reactions')) {
    window.setInterval(react, 900)
    react()
  }
  if (query.has('late-hand')) {
    const entries = [{ number: 1, key: 'hand:person-3', value: { order: 1 } }]
    const news = { feed: 'state', session_id: 'session', generation: 0, number: 1, entries }
    room.emit(RoomEvent.DataReceived, packet(news), undefined, undefined, FEED_TOPIC)
  }
  if (query.has('hand-question')) {
    call.hands.update({ isAsked: true })
  }
  if (query.has('command-failed')) {
    call.commander.update({ hasFailed: true })
  }
  if (query.get('phase') === 'interrupted') {
    room.emit(RoomEvent.Reconnecting)
  }
  if (query.has('share')) {
    call.share.update({ phase: 'on', surface: 'window', isSoundLeftOut: query.get('share') === 'silent' })
    void room.shareOwn()
  }
  if (query.has('problem')) {
    call.inputs.update({ camera: { isOn: false, isBusy: false, problem: 'denied' } })
  }
  document.documentElement.dataset.happened = 'true'
}

function react(): void {
  for (const [index, reaction] of (['thumbs_up', 'clap', 'clap', 'heart', 'laugh', 'party'] as const).entries()) {
    const from = `person-${index + 1}`
    call.reactions.receive(packet({ reaction, by: { participant_id: from, name: NAMES[index] } }))
  }
}

const page: PageClient = {
  renameWaiting: async (_token, name) => name,
  lookup: () => Promise.reject(new Error('not asked for here')),
  openCheck: () => Promise.reject(new Error('not asked for here')),
  join: async () => ({
    participant_id: 'me',
    role: ownRole,
    name: 'Ada Lovelace',
    url: 'ws://nowhere.invalid',
    token: '',
    control_token: '',
    rejoin_token: '',
  }),
  askLobby: () => Promise.reject(new Error('nobody waits here')),
  listWaiting: async () =>
    NAMES.slice(4, 4 + Number(query.get('waiting') ?? 0)).map((name, index) => ({
      participant_id: `waiting-${index}`,
      name,
      since: '2026-11-22T10:00:00.000Z',
    })),
  admit: async () => undefined,
  deny: async () => undefined,
  command: async () => undefined,
  end: () => Promise.reject(new Error('nothing to end')),
  say: () => Promise.reject(new Error('nobody hears it')),
  readFeed: async <Value,>(_token: string, feed: string) => {
    const entries =
      feed === 'chat'
        ? written(Number(query.get('chat') ?? 0)).map((value) => ({
            number: value.number,
            key: `${value.number}`,
            value,
          }))
        : sharedState().map(([key, value], index) => ({ number: index + 1, key, value }))
    const read: FeedPage<unknown> = {
      session_id: 'session',
      generation: 0,
      number: entries.length,
      entries,
      has_more: false,
    }
    return read as FeedPage<Value> // the feed decides what its values are
  },
}

const words = createWords()
await speak(words, language)
const devices = new DeviceList()
devices.watch()
// A browser without screens to share, as where pictures are taken, has a button all the same.
navigator.mediaDevices.getDisplayMedia ??= () => Promise.reject(new DOMException('no', 'NotAllowedError'))
const room = new StagedRoom({ adaptiveStream: true })
const call = new Call({
  page,
  who: { meetingCode: '482913057716', participantToken: null, name: 'Ada Lovelace' },
  role: ownRole,
  needsApproval: true,
  hasChat: true,
  initialMedia: {
    tracks: { microphone: null, camera: null },
    wants: { microphone: query.get('mic') !== 'off', camera: true },
  },
  deviceIds: devices.getSnapshot().chosen,
  room,
})
if (ended === undefined) {
  call.join()
}
const root = document.getElementById('root')
if (root === null) {
  throw new Error('the page has no #root')
}
function Themed({ children }: { children: ReactNode }) {
  const [theme] = useState<Theme | null>(() => {
    const colour = THEMES[query.get('theme') ?? '']
    return colour === undefined
      ? null
      : {
          main_color: colour,
          brand_text: 'Aurora Clinics',
          brand_image_colored_url: null,
          brand_image_white_url: null,
          branded_favicon_url: null,
          short_company_url: null,
          background_urls: [],
        }
  })
  useBrand(theme)
  useEffect(() => void window.setTimeout(happen, 100), [])
  return children
}

createRoot(root).render(
  <I18nextProvider i18n={words}>
    <CSPProvider disableStyleElements>
      <DirectionProvider direction={directionOf(language)}>
        <Themed>
          {ended === undefined ? (
            <InMeeting
              call={call}
              devices={devices}
              roomName="Weekly planning"
              hasChat
              guestLink={`${window.location.origin}/482913057716`}
            />
          ) : (
            <PageFrame start={<Logo brand={null} />}>
              <Ended reason={ended} onRejoin={() => undefined} onOtherMeeting={() => undefined} />
            </PageFrame>
          )}
        </Themed>
      </DirectionProvider>
    </CSPProvider>
  </I18nextProvider>,
)
