import { type ReactNode, useEffect, useId, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import type { ConnectionState } from '@/call/connection'
import type { Participants } from '@/call/participants'
import type { Speech } from '@/call/speech'
import { useFrameHeight } from '@/lib/useFrameHeight'
import { useWatchable } from '@/lib/useWatchable'
import { ControlBar } from '@/ui/ControlBar'
import type { ControlEntry } from '@/ui/controls'
import { FeatureBoundary } from '@/ui/FeatureBoundary'
import type { Panel } from '@/ui/panels'
import { SidePanel } from '@/ui/SidePanel'
import { ToastPlace } from '@/ui/ToastPlace'
import { useRegionKeys } from '@/ui/useRegionKeys'
import { BarOnDemand } from './BarOnDemand'
import { ConnectionBanner } from './ConnectionBanner'
import type { StageChoiceCell } from './choices'
import { Elapsed } from './Elapsed'
import { StageTiles } from './StageTiles'
import type { StageTile } from './stageTile'
import { useComings } from './useComings'
import { useWakeLock } from './useWakeLock'

export interface StageProps {
  roomName: string
  connection: ConnectionState['phase']
  participants: Participants
  speech: Speech
  choices: StageChoiceCell
  tiles: readonly StageTile[]
  /** Tiles that a host shows to everybody, by id. */
  spotlight?: readonly string[]
  /** Takes one more place after the tiles. */
  extra?: ReactNode
  /** Stands in for the tiles while they are shown elsewhere. */
  away?: ReactNode
  /** The panel that is open. */
  panel: Panel | undefined
  onClosePanel: () => void
  controls: readonly ControlEntry[]
  /** Notices nobody must miss; each takes its own line above the tiles and covers nothing. */
  bars: readonly NamedPart[]
  /** Problems and questions; each takes its own line below the tiles and covers nothing. */
  notices: readonly NamedPart[]
  /** Parts without a place of their own: they bring toasts or float over the stage. */
  floating: readonly NamedPart[]
}

/** A part of the page that fails alone. */
export interface NamedPart {
  id: string
  content: ReactNode
}

/**
 * The frame of the meeting. It knows no feature: tiles, panels, controls, bars and notices come as
 * values.
 */
export function Stage(props: StageProps) {
  const { t } = useTranslation()
  const { startedAt } = useWatchable(props.participants)
  useComings(props.participants)
  const heading = useRef<HTMLHeadingElement>(null)
  // The button that had the focus is gone; from here the next Tab leads to the controls.
  useEffect(() => heading.current?.focus({ preventScroll: true }), [])
  const hint = useId()
  useWakeLock()
  useRegionKeys()
  const clock = startedAt === null ? null : <Elapsed since={startedAt} />
  const broken = { title: t('error.feature'), text: t('error.featureText'), again: t('error.retry') }
  const part = ({ id, content }: NamedPart, isSmall = true) => (
    <FeatureBoundary key={id} words={broken} isSmall={isSmall}>
      {content}
    </FeatureBoundary>
  )

  return (
    <main
      aria-label={t('stage.label')}
      aria-describedby={hint}
      className="relative flex h-dvh flex-col overflow-hidden"
    >
      <span id={hint} hidden>
        {t('keys.hint')}
      </span>
      <h1 ref={heading} tabIndex={-1} className="sr-only">
        {t('stage.label')}
      </h1>
      <div className="room-line flex items-center justify-between gap-3 px-4 pt-2.5">
        <span className="truncate font-medium text-sm" dir="auto">
          {props.roomName}
        </span>
        {clock}
      </div>

      <div className="flex shrink-0 flex-col items-center gap-2 px-2 [&:has(>*)]:pt-2">
        <ConnectionBanner phase={props.connection} />
        {props.bars.map((bar) => part(bar))}
      </div>

      <div
        data-interrupted={props.connection !== 'connected' || undefined}
        className="stage-row group relative flex min-h-0 flex-1 gap-2 px-2 pt-2"
      >
        <FeatureBoundary words={broken}>
          {props.away ?? (
            <StageTiles
              tiles={props.tiles.map((tile) => ({ ...tile, content: part({ id: tile.id, content: tile.content }) }))}
              speech={props.speech}
              choices={props.choices}
              {...(props.spotlight === undefined ? {} : { spotlight: props.spotlight })}
              extra={props.extra}
            />
          )}
        </FeatureBoundary>
        {props.panel !== undefined && (
          <SidePanel
            key={props.panel.id}
            panel={{ ...props.panel, content: part({ id: props.panel.id, content: props.panel.content }, false) }}
            closeLabel={t('stage.close')}
            onClose={props.onClosePanel}
          />
        )}
        <ToastPlace words={{ label: t('settings.notifications'), dismiss: t('devices.dismiss') }} />
      </div>

      <div className="flex max-h-[45%] shrink-0 flex-col items-center gap-2 overflow-y-auto px-2 [&:has(>*)]:pt-2">
        {props.notices.map((notice) => part(notice))}
      </div>

      <BarOnDemand isOnDemand={useFrameHeight() === 'least'}>
        <FeatureBoundary words={broken}>
          <ControlBar
            entries={props.controls}
            words={{ label: t('stage.controls'), more: t('stage.more') }}
            start={
              <>
                <span className="truncate font-medium text-sm" dir="auto">
                  {props.roomName}
                </span>
                {clock}
              </>
            }
          />
        </FeatureBoundary>
      </BarOnDemand>
      {props.floating.map(({ id, content }) => (
        <FeatureBoundary key={id} words={broken} isSilent>
          {content}
        </FeatureBoundary>
      ))}
    </main>
  )
}
