import { RoomAudioRenderer, useAudioPlayback, useParticipants } from '@livekit/components-react'
import { type Participant, RoomEvent } from 'livekit-client'
import { Volume2 } from 'lucide-react'
import { type ReactNode, useCallback, useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Call } from '@/call/call'
import { deviceHelp, gatherProblems } from '@/call/deviceHelp'
import { meetingStart } from '@/call/participants'
import { useWatchable } from '@/lib/useWatchable'
import { Button } from '@/ui/Button'
import { ConfirmDialog } from '@/ui/ConfirmDialog'
import { Notice } from '@/ui/Notice'
import { AloneCard } from './AloneCard'
import { ConnectionBanner } from './ConnectionBanner'
import { ControlBar } from './ControlBar'
import { Elapsed } from './Elapsed'
import { Grid } from './Grid'
import { Tile } from './Tile'
import { useAnnouncements } from './useAnnouncements'
import { useFullscreen } from './useFullscreen'
import { useGuestLink } from './useGuestLink'
import { useShortcuts } from './useShortcuts'
import { useWakeLock } from './useWakeLock'

export interface StageProps {
  call: Call
  roomName: string
  guestLink: string
  microphoneChoices: ReactNode
  cameraChoices: ReactNode
  /** Whether people may write to one another. */
  hasChat: boolean
  renderPeople: (participants: Participant[], onClose: () => void) => ReactNode
  renderChat: (onClose: () => void) => ReactNode
  /** Says who waits to be let in. */
  renderWaiting: (isListOpen: boolean, onShow: () => void, onDone: () => void) => ReactNode
}

/** What stands beside the people; one at a time. */
type Panel = 'people' | 'chat'

/** The meeting itself. Needs the call's room in the LiveKit room context. */
export function Stage({
  call,
  roomName,
  guestLink,
  microphoneChoices,
  cameraChoices,
  hasChat,
  renderPeople,
  renderChat,
  renderWaiting,
}: StageProps) {
  const { t } = useTranslation()
  const { connection, microphone, camera } = useWatchable(call)
  const waitingCount = useWatchable(call.waitingList).people.length
  const participants = useParticipants({ room: call.room, updateOnlyOn: [RoomEvent.ActiveSpeakersChanged] })
  const { unread } = useWatchable(call.chat)
  const [panel, setPanel] = useState<Panel | null>(null)
  const isPeopleOpen = panel === 'people'
  const link = useGuestLink(guestLink)
  const fullscreen = useFullscreen()
  const news = useAnnouncements(call.room)
  const start = useMeetingStart(call)
  const ending = useEnding(call)
  const heading = useRef<HTMLHeadingElement>(null)
  // The button that had the focus is gone; from here the next Tab leads to the controls.
  useEffect(() => heading.current?.focus({ preventScroll: true }), [])
  useWakeLock()
  useShortcuts({
    onMicrophone: () => void call.turn('microphone', !call.getSnapshot().microphone.isOn),
    onCamera: () => void call.turn('camera', !call.getSnapshot().camera.isOn),
    onEscape: () => setPanel(null),
  })
  const closePanel = useCallback(() => setPanel(null), [])
  const toggle = (which: Panel) => setPanel((open) => (open === which ? null : which))

  const byIdentity = new Map(participants.map((participant) => [participant.identity, participant]))
  const seats = participants.map((participant) => ({
    id: participant.identity,
    isLocal: participant.isLocal,
    isSpeaking: participant.isSpeaking,
    lastSpokeAt: participant.lastSpokeAt?.getTime() ?? 0,
  }))
  const isAlone = participants.length === 1 && connection.phase === 'connected'
  const clock = start === null ? null : <Elapsed since={start} />
  const problems = gatherProblems({ microphone: microphone.problem, camera: camera.problem })

  return (
    <div className="flex h-dvh flex-col overflow-hidden">
      <h1 ref={heading} tabIndex={-1} className="sr-only">
        {t('stage.label')}
      </h1>
      <header className="flex items-center justify-between gap-3 px-4 pt-2.5 lg:hidden">
        <span className="truncate font-medium text-sm" dir="auto">
          {roomName}
        </span>
        {clock}
      </header>

      <main className="relative flex min-h-0 flex-1 gap-2 px-2 pt-2">
        <ConnectionBanner phase={connection.phase} />
        <Grid
          seats={seats}
          renderSeat={(id) => {
            const participant = byIdentity.get(id)
            return participant === undefined ? null : <Tile participant={participant} />
          }}
          extra={isAlone ? <AloneCard link={link} /> : undefined}
        />
        {isPeopleOpen && renderPeople(participants, closePanel)}
        {panel === 'chat' && renderChat(closePanel)}

        <div className="pointer-events-none absolute inset-x-0 bottom-2 z-20 flex flex-col items-center gap-2 px-4 [&>*]:pointer-events-auto">
          {problems.map(({ problem, affected }) => {
            const help = deviceHelp(problem, affected)
            const kinds = affected === 'both' ? (['microphone', 'camera'] as const) : [affected]
            return (
              <div key={affected} className="w-full max-w-lg shadow-2">
                <Notice
                  title={t(help.title)}
                  text={t(help.text)}
                  dismiss={{
                    label: t('devices.dismiss'),
                    onClick: () => each(kinds, (kind) => call.dismissProblem(kind)),
                  }}
                >
                  <button
                    type="button"
                    className="min-h-11 font-semibold underline underline-offset-4"
                    onClick={() => each(kinds, (kind) => void call.turn(kind, true))}
                  >
                    {t('devices.tryAgain')}
                  </button>
                </Notice>
              </div>
            )
          })}
          {link.hasFailed && (
            <div className="w-full max-w-lg shadow-2">
              <Notice title={t('stage.copyFailed')} dismiss={{ label: t('devices.dismiss'), onClick: link.dismiss }}>
                <p dir="ltr" className="select-all break-all font-medium">
                  {link.url}
                </p>
              </Notice>
            </div>
          )}
          <SoundPrompt call={call} />
          {renderWaiting(
            isPeopleOpen,
            () => setPanel('people'),
            () => heading.current?.focus({ preventScroll: true }),
          )}
        </div>

        <p
          role="status"
          className={`absolute inset-s-4 top-4 z-10 max-w-[calc(100%-2rem)] truncate rounded-xl bg-ink px-3.5 py-2 font-medium text-canvas text-sm shadow-2 transition-opacity duration-200 ${news === '' ? 'opacity-0' : 'opacity-100'}`}
        >
          {news}
        </p>
      </main>

      <ControlBar
        call={call}
        roomName={roomName}
        clock={clock}
        peopleCount={participants.length}
        waitingCount={waitingCount}
        isPeopleOpen={isPeopleOpen}
        onPeople={() => toggle('people')}
        chat={hasChat ? { unread, isOpen: panel === 'chat', onToggle: () => toggle('chat') } : null}
        link={link}
        fullscreen={fullscreen}
        onEndForAll={ending.ask}
        microphoneChoices={microphoneChoices}
        cameraChoices={cameraChoices}
      />

      <ConfirmDialog
        isOpen={ending.isAsking}
        title={t('end.title')}
        text={t('end.text')}
        confirm={t('end.confirm')}
        cancel={t('end.cancel')}
        isBusy={ending.isBusy}
        error={ending.hasFailed ? t('end.failed') : null}
        onConfirm={() => void ending.confirm()}
        onClose={ending.close}
      />
      <RoomAudioRenderer room={call.room} />
    </div>
  )
}

/** Browsers may hold sound back until a click; this asks for it. */
function SoundPrompt({ call }: { call: Call }) {
  const { t } = useTranslation()
  const { canPlayAudio, startAudio } = useAudioPlayback(call.room)
  if (canPlayAudio) {
    return null
  }
  return (
    <div className="appear flex flex-col items-center gap-2 rounded-3xl border border-line bg-surface p-5 text-center shadow-2">
      <Button look="primary" onClick={() => void startAudio()}>
        <Volume2 className="size-5" aria-hidden="true" />
        {t('stage.hear')}
      </Button>
      <p className="text-muted text-sm">{t('stage.hearText')}</p>
    </div>
  )
}

function each<T>(items: readonly T[], act: (item: T) => void): void {
  for (const item of items) {
    act(item)
  }
}

/** The earliest join anybody here knows of; it never moves later while we stay. */
function useMeetingStart(call: Call): number | null {
  const [earliest, setEarliest] = useState<number | null>(null)
  const now = meetingStart(call.room.localParticipant, call.room.remoteParticipants.values())
  const start = earliest === null || (now !== null && now < earliest) ? now : earliest
  if (start !== earliest) {
    setEarliest(start)
  }
  return start
}

function useEnding(call: Call) {
  const [state, setState] = useState<'idle' | 'asking' | 'busy' | 'failed'>('idle')
  return {
    isAsking: state !== 'idle',
    isBusy: state === 'busy',
    hasFailed: state === 'failed',
    ask: () => setState('asking'),
    close: () => setState((now) => (now === 'busy' ? now : 'idle')),
    confirm: async () => {
      setState('busy')
      try {
        await call.endForAll()
        setState('idle')
      } catch {
        setState('failed')
      }
    },
  }
}
