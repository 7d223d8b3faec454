/**
 * The stage with made-up people, for pictures only. Everything on the screen is the real component tree over a real
 * LiveKit room object; only the connection is missing.
 */
import { CSPProvider } from '@base-ui/react/csp-provider'
import { DirectionProvider } from '@base-ui/react/direction-provider'
import { Tooltip } from '@base-ui/react/tooltip'
import {
  ParticipantInfo,
  ParticipantInfo_State,
  TrackInfo,
  TrackSource,
  TrackType,
  ConnectionQuality as WireQuality,
} from '@livekit/protocol'
import { LocalVideoTrack, type RemoteParticipant, Room, RoomEvent, Track } from 'livekit-client'
import { createRoot } from 'react-dom/client'
import { I18nextProvider } from 'react-i18next'
import type { ChatMessage, PageClient } from '@/api/page'
import InMeeting from '@/app/InMeeting'
import { Call } from '@/call/call'
import { DeviceList } from '@/call/devices'
import { Ended } from '@/features/ended/Ended'
import { createWords, speak } from '@/lib/i18n'
import { directionOf, parseLanguage } from '@/lib/languages'
import { Logo } from '@/ui/Logo'
import { PageFrame } from '@/ui/PageFrame'
import { portrait } from './portrait'

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
const query = new URLSearchParams(window.location.search)
const people = Number(query.get('people') ?? 1)
const ended = (['left', 'ended', 'removed', 'duplicate', 'denied', 'lost'] as const).find(
  (reason) => reason === query.get('ended'),
)
const language = parseLanguage(query.get('lang') ?? 'en') ?? 'en'

class StagedRoom extends Room {
  override connect = async (): Promise<void> => {
    await this.simulateParticipants({ publish: { audio: true, video: true }, participants: { count: 1 } })
    const me = this.localParticipant
    me.updateInfo(
      new ParticipantInfo({ identity: 'me', name: 'Ada Lovelace', attributes: { role: 'owner' }, joinedAt: started() }),
    )
    const camera = me.getTrackPublication(Track.Source.Camera)
    camera?.setTrack(new LocalVideoTrack(portrait(1), undefined, false))
    for (let index = 1; index < people; index += 1) {
      this.#seat(index)
    }
    this.emit(RoomEvent.ConnectionStateChanged, this.state)
  }

  #seat(index: number): void {
    const name = `${NAMES[(index - 1) % NAMES.length]}${index > NAMES.length ? ` ${Math.ceil(index / NAMES.length)}` : ''}`
    const hasVideo = index % 4 !== 3
    const isMuted = index % 3 === 2
    const tracks = [
      new TrackInfo({ sid: `TR_a${index}`, source: TrackSource.MICROPHONE, type: TrackType.AUDIO, muted: isMuted }),
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
    timestamp: Date.UTC(2026, 10, 22, 9, 58 + index),
    participant_id: name === 'Ada Lovelace' ? 'me' : name,
    name,
    role: name === 'Grace Hopper' ? 'owner' : 'guest',
    message,
  }))
}

const page: PageClient = {
  lookup: () => Promise.reject(new Error('not asked for here')),
  join: async () => ({
    participant_id: 'me',
    role: query.get('role') === 'guest' ? 'guest' : 'owner',
    name: 'Ada Lovelace',
    url: 'ws://nowhere.invalid',
    token: '',
    control_token: '',
  }),
  askWaiting: () => Promise.reject(new Error('nobody waits here')),
  listWaiting: async () =>
    NAMES.slice(4, 4 + Number(query.get('waiting') ?? 0)).map((name, index) => ({
      participant_id: `waiting-${index}`,
      name,
      since: '2026-11-22T10:00:00.000Z',
    })),
  admit: async () => undefined,
  deny: async () => undefined,
  end: () => Promise.reject(new Error('nothing to end')),
  say: () => Promise.reject(new Error('nobody hears it')),
  readChat: async () => ({ session_id: 'session', messages: written(Number(query.get('chat') ?? 0)), has_more: false }),
}

const words = createWords()
await speak(words, language)
const devices = new DeviceList()
devices.watch()
const call = new Call({
  page,
  who: { meetingCode: '482913057716', participantToken: null, name: 'Ada Lovelace' },
  role: 'owner',
  needsApproval: true,
  hasChat: true,
  tracks: { microphone: null, camera: null },
  wants: { microphone: query.get('mic') !== 'off', camera: true },
  deviceIds: devices.getSnapshot().chosen,
  room: new StagedRoom({ adaptiveStream: true }),
})
if (ended === undefined) {
  call.join()
}
if (query.get('phase') === 'interrupted') {
  window.setTimeout(() => call.room.emit(RoomEvent.Reconnecting), 300)
}
if (query.get('problem') !== null) {
  window.setTimeout(() => call.update({ camera: { isOn: false, isBusy: false, problem: 'denied' } }), 300)
}

const root = document.getElementById('root')
if (root === null) {
  throw new Error('the page has no #root')
}
createRoot(root).render(
  <I18nextProvider i18n={words}>
    <CSPProvider disableStyleElements>
      <DirectionProvider direction={directionOf(language)}>
        <Tooltip.Provider delay={500}>
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
        </Tooltip.Provider>
      </DirectionProvider>
    </CSPProvider>
  </I18nextProvider>,
)
