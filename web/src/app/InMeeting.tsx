import type { TFunction } from 'i18next'
import { type ReactNode, useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Call } from '@/call/call'
import { canFlipCamera, type DeviceKind, type DeviceList } from '@/call/devices'
import type { HoldToTalk } from '@/call/holdToTalk'
import type { Participant } from '@/call/participants'
import type { Tile } from '@/call/tiles'
import { BackgroundNotice, useBackgroundControl } from '@/features/background/background'
import { MirrorSwitch } from '@/features/background/MirrorSwitch'
import { ChatNews } from '@/features/chat/ChatNews'
import { useChatControl, useChatPanel } from '@/features/chat/ChatPanel'
import { DeviceChoices } from '@/features/devices/DeviceChoices'
import { DeviceNotices, TurnedOffNotice } from '@/features/devices/DeviceNotices'
import { DevicePicker } from '@/features/devices/DevicePicker'
import { MutedSpeechNotice } from '@/features/devices/MutedSpeechNotice'
import { SoundPrompt } from '@/features/devices/SoundPrompt'
import { SoundSettings } from '@/features/devices/SoundSettings'
import { useHoldToTalk } from '@/features/devices/useHoldToTalk'
import { useFlipControl, useInputControls } from '@/features/devices/useInputControls'
import { HandNews } from '@/features/hands/HandNews'
import { HandNotices } from '@/features/hands/HandNotices'
import { useHandControl } from '@/features/hands/useHandControl'
import { AloneCard } from '@/features/invite/AloneCard'
import { LinkNotice, useLinkControl } from '@/features/invite/invite'
import { useGuestLink } from '@/features/invite/useGuestLink'
import { LobbyBar } from '@/features/lobby/LobbyBar'
import { LobbySection } from '@/features/lobby/LobbySection'
import { useKnocking } from '@/features/lobby/useKnocking'
import { GuestRights } from '@/features/moderation/GuestRights'
import { CommandNotice, LockNotice, UnmuteQuestion } from '@/features/moderation/ModerationNotices'
import { EverybodyActions } from '@/features/moderation/MuteEveryone'
import { RemoveDialog } from '@/features/moderation/RemoveDialog'
import { useLockControl } from '@/features/moderation/useLockControl'
import { PEOPLE_PANEL, usePeopleControl, usePeoplePanel } from '@/features/people/PeoplePanel'
import { PersonActions, ScreenActions } from '@/features/people/PersonActions'
import { VolumeDialog } from '@/features/people/VolumeDialog'
import { AwayCard, SmallStage, SmallWindowSettings, useSmallWindowControl } from '@/features/pip/SmallStage'
import { useSmallWindow } from '@/features/pip/smallWindow'
import { ReactionRow, ReactionSettings, RisingReactions, useReactionControl } from '@/features/reactions/reactions'
import { KeyboardSettings, NotificationSettings, useSettings } from '@/features/settings/settings'
import { ReplaceQuestion } from '@/features/share/ReplaceQuestion'
import { ScreenMenu } from '@/features/share/ScreenMenu'
import { ScreenTile } from '@/features/share/ScreenTile'
import { ShareCard } from '@/features/share/ShareCard'
import { ShareNotices } from '@/features/share/ShareNotices'
import { ScreenViews } from '@/features/share/screenView'
import { useShareControl } from '@/features/share/useShareControl'
import { StageChoiceCell } from '@/features/stage/choices'
import { Stage } from '@/features/stage/Stage'
import type { StageTile } from '@/features/stage/stageTile'
import { CameraTile } from '@/features/stage/Tile'
import { PinItem } from '@/features/stage/TileMenu'
import { useEnding } from '@/features/stage/useEnding'
import { useFullscreenControl } from '@/features/stage/useFullscreen'
import { useLayoutControl } from '@/features/stage/useLayoutControl'
import { parseEntryWishes } from '@/lib/entryWishes'
import { preferences } from '@/lib/preferences'
import { useWatchable } from '@/lib/useWatchable'
import type { ControlEntry } from '@/ui/controls'
import { fetchLaterParts } from '@/ui/later'
import { type Panel, usePanels } from '@/ui/panels'
import { type Shortcut, useShortcuts } from '@/ui/useShortcuts'

export interface InMeetingProps {
  call: Call
  devices: DeviceList
  roomName: string
  guestLink: string
  hasChat: boolean
  /** The choice of the page's language; nothing where the room does not leave it to people. */
  language?: ReactNode
  /** Is given how this person arranges the stage, and null when the stage is gone. */
  onStage?: (choices: StageChoiceCell | null) => void
}

/** The controls that are wanted at any moment, by id. */
const IN_SMALL_WINDOW = ['microphone', 'camera', 'hand', 'leave']

const FETCH_REST_AFTER_MS = 3_000

/**
 * The meeting: gathers what each feature brings and hands it to the stage as values. A new feature
 * adds its control, panel, tile, bar or notice to the lists below and touches no other feature. A
 * part of the page of its own: it brings the media client.
 */
export default function InMeeting({ call, devices, roomName, guestLink, hasChat, language, onStage }: InMeetingProps) {
  const { t } = useTranslation()
  const { connection } = useWatchable(call.visit)
  const { isSilent } = useWatchable(call.liveness)
  const { hasLetterKeys } = useWatchable(preferences)
  const waitingCount = useWatchable(call.lobby).people.length
  useHoldToTalk(call.holdToTalk)
  const { mine, turnedOffBy, spotlight, isHost } = useWatchable(call.moderation)
  const isPresenting = useWatchable(call.share).phase === 'on'
  useKnocking(call.lobby, isPresenting)
  const [isReacting, setReacting] = useState(false)
  useWatchable(call.hands)
  const participants = useWatchable(call.participants).all
  const panels = usePanels()
  const link = useGuestLink(guestLink)
  const ending = useEnding(call.visit)
  const background = useBackgroundControl()
  const small = useSmallWindow(roomName)
  const [choices] = useState(() => new StageChoiceCell(parseEntryWishes(window.location.search).layout))
  const [screens] = useState(() => new ScreenViews())
  useEffect(() => {
    onStage?.(choices)
    return () => onStage?.(null)
  }, [choices, onStage])
  const isOwnHidden = useWatchable(choices).own === 'hidden'

  const mostControls: ControlEntry[] = [
    ...useInputControls(call.inputs, {
      microphone: <Choices call={call} devices={devices} kinds={['microphone', 'speaker']} />,
      camera: <Choices call={call} devices={devices} kinds={['camera']} />,
      cameraReminder: isOwnHidden ? t('layout.cameraOn') : null,
    }),
    ...present(useFlipControl(call.inputs), canFlipCamera(useWatchable(devices))),
    ...present(useShareControl(call.share), mine.screen_share),
    useHandControl(call.hands),
    ...present(
      useReactionControl(isReacting, () => setReacting(!isReacting)),
      mine.reactions,
    ),
    ...present(useLockControl(call.moderation), true),
    ...present(useChatControl(call.chat, panels), hasChat),
    usePeopleControl(call.participants, call.lobby, call.hands, panels),
    useLayoutControl(choices),
    useLinkControl(link),
    ...present(useFullscreenControl(), true),
    ...present(background.control, true),
    ...present(useSmallWindowControl(small), true),
    ...ending.controls,
  ]
  const keys = mostControls.flatMap(({ keys: own }) => own ?? [])
  const settings = useSettings([
    { id: 'devices', title: t('devices.title'), content: <Devices call={call} devices={devices} /> },
    ...present(
      {
        id: 'guests',
        title: t('moderation.guestsMay'),
        content: <GuestRights moderation={call.moderation} />,
      },
      isHost,
    ),
    { id: 'notifications', title: t('settings.notifications'), content: <NotificationsAndReactions /> },
    ...present({ id: 'pip', title: t('pip.open'), content: <SmallWindowSettings /> }, small.means === 'document'),
    { id: 'keyboard', title: t('settings.keyboard'), content: <KeyboardSettings keys={keys} /> },
    ...(language ? [{ id: 'language', title: t('language.label'), content: language }] : []),
  ])
  const controls = [...mostControls, settings.control]
  const seen = useWatchable(call.tiles).all
  const there = new Set(seen.map(({ id }) => id))
  const allPanels: Panel[] = [
    usePeoplePanel(call, {
      above: (
        <>
          <LobbySection list={call.lobby} />
          {participants.length > 1 && <EverybodyActions moderation={call.moderation} hands={call.hands} />}
        </>
      ),
      menuOf: (participant) => (
        <>
          <PinItem id={participant.id} choices={choices} there={there} />
          {personActions(participant, call)}
        </>
      ),
    }),
    ...present(useChatPanel(call.chat, { canWrite: mine.chat, isHost }), hasChat),
  ]
  const tiles: StageTile[] = seen.map((tile) => stageTile(tile, call, screens, t))
  useEffect(() => screens.keep(new Set(seen.map(({ id }) => id))), [screens, seen])
  const bars = [
    {
      id: 'lobby',
      content: (
        <LobbyBar
          list={call.lobby}
          isListOpen={panels.open === PEOPLE_PANEL}
          onShow={() => panels.show(PEOPLE_PANEL)}
          onDone={() => document.querySelector('h1')?.focus({ preventScroll: true })}
        />
      ),
    },
    { id: 'unmute', content: <UnmuteQuestion moderation={call.moderation} inputs={call.inputs} /> },
  ]
  const notices = [
    { id: 'turned-off', content: <TurnedOffNotice inputs={call.inputs} by={turnedOffBy} /> },
    { id: 'muted-speech', content: <MutedSpeechNotice speech={call.mutedSpeech} inputs={call.inputs} /> },
    {
      id: 'background',
      content: <BackgroundNotice onTurnOn={() => void call.inputs.turn('camera', true)} />,
    },
    { id: 'devices', content: <DeviceNotices inputs={call.inputs} /> },
    { id: 'share', content: <ShareNotices share={call.share} /> },
    { id: 'hands', content: <HandNotices hands={call.hands} moderation={call.moderation} /> },
    { id: 'lock', content: <LockNotice moderation={call.moderation} /> },
    { id: 'command', content: <CommandNotice commander={call.commander} /> },
    { id: 'link', content: <LinkNotice link={link} /> },
    ...present(
      { id: 'react', content: <ReactionRow reactions={call.reactions} onClose={() => setReacting(false)} /> },
      isReacting && mine.reactions,
    ),
    { id: 'sound', content: <SoundPrompt sound={call.sound} /> },
  ]
  useEffect(() => {
    // After the first pictures, which matter more.
    const timer = window.setTimeout(() => void fetchLaterParts(), FETCH_REST_AFTER_MS)
    return () => window.clearTimeout(timer)
  }, [])
  const isAlone = participants.length === 1 && connection.phase === 'connected'

  const shortcuts = controls.flatMap(({ id, keys, onPress }) => (keys === undefined ? [] : [{ id, keys, onPress }]))
  useShortcuts(shortcuts, { hasLetters: hasLetterKeys, onEscape: panels.close })

  return (
    <>
      <Stage
        roomName={roomName}
        connection={isSilent && connection.phase === 'connected' ? 'interrupted' : connection.phase}
        participants={call.participants}
        speech={call.speech}
        choices={choices}
        spotlight={spotlight}
        tiles={tiles}
        away={small.view === null ? undefined : <AwayCard onBack={small.close} />}
        extra={isAlone ? <AloneCard link={link} waitingCount={waitingCount} /> : undefined}
        panel={allPanels.find(({ id }) => id === panels.open)}
        onClosePanel={panels.close}
        controls={controls}
        bars={bars}
        notices={notices}
        floating={[
          ...present({ id: 'chat', content: <ChatNews chat={call.chat} isPresenting={isPresenting} /> }, hasChat),
          { id: 'reactions', content: <RisingReactions reactions={call.reactions} /> },
          {
            id: 'hands',
            content: (
              <HandNews
                hands={call.hands}
                participants={call.participants}
                isHost={isHost}
                me={call.visit.participantId()}
              />
            ),
          },
        ]}
      />
      {ending.dialog}
      {settings.dialog}
      {background.dialog}
      {small.view !== null && (
        <SmallStage
          view={small.view}
          tiles={tiles}
          speech={call.speech}
          controls={controls.filter(({ id }) => IN_SMALL_WINDOW.includes(id))}
        >
          <SmallWindowKeys view={small.view} hold={call.holdToTalk} shortcuts={shortcuts} />
        </SmallStage>
      )}
      <RemoveDialog moderation={call.moderation} />
      <ReplaceQuestion share={call.share} />
      <VolumeDialog volumes={call.volumes} />
    </>
  )
}

/** The keys of the meeting, in the small window. */
function SmallWindowKeys(props: { view: Window; hold: HoldToTalk; shortcuts: readonly Shortcut[] }) {
  const { hasLetterKeys } = useWatchable(preferences)
  useShortcuts(props.shortcuts, { hasLetters: hasLetterKeys, onEscape: nothing }, props.view)
  useHoldToTalk(props.hold, props.view)
  return null
}

function nothing(): void {}

function personActions(participant: Participant, { moderation, hands, volumes }: Call) {
  return <PersonActions participant={participant} moderation={moderation} hands={hands} volumes={volumes} />
}

function stageTile({ id, kind, participant }: Tile, call: Call, screens: ScreenViews, t: TFunction): StageTile {
  const { share, hands, moderation, volumes } = call
  const { shownName } = participant.view.getSnapshot()
  const common = { id, participantId: participant.id, isLocal: participant.isLocal }
  if (kind === 'camera') {
    const content = <CameraTile participant={participant} hand={hands.placeOf(participant.id)} />
    const menu = personActions(participant, call)
    return { ...common, isLarge: false, isOwnPicture: participant.isLocal, name: shownName, menu, content }
  }
  const name = t('stage.screenOf', { name: shownName })
  if (participant.isLocal) {
    return { ...common, isLarge: false, name, content: <ShareCard share={share} participantId={participant.id} /> }
  }
  const screen = screens.of(id)
  const content = <ScreenTile participant={participant} screen={screen} />
  const menu = (
    <>
      <ScreenMenu view={screen} />
      <ScreenActions participant={participant} moderation={moderation} volumes={volumes} />
    </>
  )
  return { ...common, isLarge: true, name, screenOf: shownName, menu, content }
}

/** The props of the device lists during a meeting; they change with the inputs. */
function useDeviceLists(call: Call, devices: DeviceList) {
  const { microphone, camera } = useWatchable(call.inputs)
  return {
    devices,
    inUse: call.inputs.devicesInUse(),
    problems: { microphone: microphone.problem, camera: camera.problem },
    onChoose: (kind: DeviceKind, id: string) => {
      devices.choose(kind, id)
      void call.inputs.switchDevice(kind, id)
    },
  }
}

/** The devices of some kinds, as groups of a menu. */
function Choices({ call, devices, kinds }: { call: Call; devices: DeviceList; kinds: readonly DeviceKind[] }) {
  return <DeviceChoices kinds={kinds} {...useDeviceLists(call, devices)} />
}

/** The notifications and the reactions of others, as a part of the settings. */
function NotificationsAndReactions() {
  return (
    <>
      <NotificationSettings />
      <ReactionSettings />
    </>
  )
}

/** All devices, as a part of the settings. */
function Devices({ call, devices }: { call: Call; devices: DeviceList }) {
  return (
    <div className="pt-2">
      <DevicePicker {...useDeviceLists(call, devices)} />
      <div className="pt-2">
        <MirrorSwitch />
      </div>
      <div className="pt-2">
        <SoundSettings sound={call.microphoneSound} />
      </div>
    </div>
  )
}

function present<T>(value: T | null, isThere: boolean): T[] {
  return value === null || !isThere ? [] : [value]
}
