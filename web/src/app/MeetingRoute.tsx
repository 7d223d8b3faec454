import { lazy, Suspense, useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { useLocation } from 'wouter'
import type { PageClient } from '@/api/page'
import { canFlipCamera } from '@/call/devices'
import type { Preview } from '@/call/preview'
import { BackgroundButton, BackgroundNotice } from '@/features/background/background'
import { ConnectionCheckSection } from '@/features/check/ConnectionCheckSection'
import { DevicePicker } from '@/features/devices/DevicePicker'
import { Ended } from '@/features/ended/Ended'
import { LanguageSettings } from '@/features/language/LanguageSettings'
import { LanguageSwitcher } from '@/features/language/LanguageSwitcher'
import { Prejoin } from '@/features/prejoin/Prejoin'
import { WaitingRoom } from '@/features/prejoin/WaitingRoom'
import { Problem } from '@/features/problem/Problem'
import type { StageChoiceCell } from '@/features/stage/choices'
import { useWatchable } from '@/lib/useWatchable'
import { Logo } from '@/ui/Logo'
import { PageFrame } from '@/ui/PageFrame'
import { Spinner } from '@/ui/Spinner'
import { useLanguage } from './LanguageProvider'
import { MeetingSkeleton } from './MeetingSkeleton'
import { scene } from './scene'
import { useBrand } from './useBrand'
import { useVisit, type Visit } from './useVisit'

const InMeeting = lazy(() => import('./InMeeting'))

/**
 * Everything behind one meeting code. `brand` is the company's part of the address, when it has
 * one.
 */
export function MeetingRoute({ page, code, brand }: { page: PageClient; code: string; brand: string | null }) {
  const visit = useVisit(page, code)
  const logo = useBrand(visit.lookup?.room.theme ?? null)
  const { language, choose } = useLanguage()
  const [, navigate] = useLocation()
  const { screen, lookup } = visit
  const roomName = lookup?.room.display_name ?? null
  const canChooseLanguage = lookup?.room.available_features.is_locale_switcher_available ?? true
  useTitle(roomName, logo?.text ?? 'Moothall')

  useEffect(() => {
    scene.update({ visit, language, chooseLanguage: canChooseLanguage ? choose : null })
  })
  useEffect(() => () => scene.update({ visit: null }), [])

  if (screen.name === 'looking') {
    return <MeetingSkeleton />
  }
  if (screen.name === 'inside') {
    return (
      <Suspense fallback={<MeetingSkeleton />}>
        <InMeeting
          call={screen.call}
          devices={visit.devices}
          roomName={roomName ?? ''}
          language={canChooseLanguage && <LanguageSettings language={language} onChoose={choose} />}
          onStage={showStage}
          hasChat={lookup?.room.available_features.is_chat_available ?? false}
          guestLink={new URL(brand === null ? `/${code}` : `/${brand}/${code}`, window.location.href).href}
        />
      </Suspense>
    )
  }
  return (
    <PageFrame
      start={<Logo brand={logo} />}
      end={canChooseLanguage && <LanguageSwitcher language={language} onChoose={choose} />}
    >
      <Body visit={visit} onOtherMeeting={() => navigate('/')} />
    </PageFrame>
  )
}

function showStage(choices: StageChoiceCell | null): void {
  scene.update({ choices })
}

function Body({ visit, onOtherMeeting }: { visit: Visit; onOtherMeeting: () => void }) {
  const { t } = useTranslation()
  const { screen, lookup } = visit
  const canFlip = canFlipCamera(useWatchable(visit.devices))
  switch (screen.name) {
    case 'problem':
      return (
        <Problem
          code={screen.code}
          retryAfter={screen.retryAfter}
          {...(screen.mediaPorts === undefined ? {} : { mediaPorts: screen.mediaPorts })}
          onRetry={visit.look}
          onJoinAsGuest={visit.lookAsGuest}
          onOtherMeeting={onOtherMeeting}
        />
      )
    case 'over':
      return (
        <Ended
          reason={screen.reason}
          {...(screen.retryAfter === undefined ? {} : { retryAfter: screen.retryAfter })}
          onRejoin={visit.rejoin}
          onOtherMeeting={onOtherMeeting}
        />
      )
    case 'entering':
      return (
        <p role="status" className="flex items-center gap-3 text-muted">
          <Spinner />
          {t('connection.entering')}
        </p>
      )
    case 'prejoin':
      return lookup === null ? null : (
        <Prejoin
          lookup={lookup}
          preview={screen.preview}
          initialName={visit.initialName}
          isJoining={screen.isJoining}
          failure={screen.failure}
          onJoin={visit.join}
          onTurn={visit.turnPreview}
          canFlip={canFlip}
          devicePicker={<PreviewDevices visit={visit} preview={screen.preview} />}
        />
      )
    case 'waiting':
      return (
        <WaitingRoom
          roomName={lookup?.room.display_name ?? ''}
          name={screen.as}
          preview={screen.preview}
          step={screen.step}
          onRename={visit.rename}
          onCancel={visit.cancelWaiting}
          onTurn={visit.turnPreview}
          devicePicker={<PreviewDevices visit={visit} preview={screen.preview} />}
        />
      )
    default:
      return null
  }
}

function PreviewDevices({ visit, preview }: { visit: Visit; preview: Preview }) {
  const { microphone, camera } = useWatchable(preview)
  return (
    <div className="flex min-w-0 flex-col gap-3">
      <BackgroundNotice onTurnOn={() => visit.turnPreview('camera', true)} />
      <DevicePicker
        devices={visit.devices}
        problems={{ microphone: microphone.problem, camera: camera.problem }}
        inUse={{ microphone: deviceOf(microphone.track), camera: deviceOf(camera.track) }}
        onChoose={visit.chooseDevice}
      />
      <div className="flex flex-wrap items-center gap-2">
        <BackgroundButton />
        <ConnectionCheckSection check={visit.check} />
      </div>
    </div>
  )
}

function deviceOf(track: MediaStreamTrack | null): string | null {
  return track?.getSettings?.().deviceId ?? null
}

function useTitle(roomName: string | null, productName: string): void {
  useEffect(() => {
    document.title = roomName === null ? productName : `${roomName} · ${productName}`
  }, [roomName, productName])
}
