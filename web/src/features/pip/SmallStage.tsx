import { PictureInPicture2 } from 'lucide-react'
import { type ReactNode, useEffect } from 'react'
import { createPortal } from 'react-dom'
import { useTranslation } from 'react-i18next'
import type { Speech } from '@/call/speech'
import { preferences } from '@/lib/preferences'
import { useWatchable } from '@/lib/useWatchable'
import { Button } from '@/ui/Button'
import type { ControlEntry } from '@/ui/controls'
import { Switch } from '@/ui/Switch'
import { type Choosable, smallTiles } from './smallTiles'
import type { SmallWindow } from './smallWindow'

export interface SmallStageProps {
  view: Window
  tiles: readonly (Choosable & { content: ReactNode })[]
  speech: Speech
  /** Those that have a place in the small window. */
  controls: readonly ControlEntry[]
  /** Parts that draw nothing and listen to the keys of this window. */
  children?: ReactNode
}

/** The meeting in a window of its own: a few tiles, and controls that are wanted at any moment. */
export function SmallStage({ view, tiles, speech, controls, children }: SmallStageProps) {
  const { t } = useTranslation()
  useWatchable(speech)
  const shown = smallTiles(tiles, (id) => speech.lastSpokeAt(id))
  const hasScreen = shown.some(({ isLarge }) => isLarge)
  const layout = hasScreen ? 'grid-rows-[3fr_1fr]' : shown.length > 2 ? 'grid-cols-2' : ''
  return createPortal(
    <main aria-label={t('stage.label')} className="flex h-dvh flex-col gap-2 bg-canvas p-2 text-ink">
      <section
        aria-label={t('stage.participants')}
        className={`grid min-h-0 flex-1 auto-rows-fr gap-2 *:min-h-0 *:min-w-0 ${layout}`}
      >
        {shown.map(({ id, content }) => (
          <div key={id} className="relative">
            {content}
          </div>
        ))}
      </section>
      <div role="toolbar" aria-label={t('stage.controls')} className="flex justify-center gap-2">
        {controls.map(({ id, label, icon: Icon, look, isPressed, isDisabled, onPress }) => (
          <button
            key={id}
            type="button"
            aria-label={label}
            title={label}
            aria-pressed={isPressed}
            disabled={isDisabled}
            onClick={onPress}
            className={`flex size-11 items-center justify-center rounded-2xl border-2 border-transparent disabled:opacity-50 aria-pressed:border-accent-line aria-pressed:bg-accent-soft aria-pressed:text-accent-ink ${LOOKS[look ?? 'plain']}`}
          >
            <Icon className="size-5" aria-hidden="true" />
          </button>
        ))}
      </div>
      {children}
    </main>,
    view.document.body,
  )
}

const LOOKS: Record<NonNullable<ControlEntry['look']>, string> = {
  plain: 'bg-sunken text-ink hover:bg-line',
  off: 'bg-danger-soft text-danger-ink',
  overlay: 'bg-sunken text-ink hover:bg-line',
  'overlay-off': 'bg-danger-soft text-danger-ink',
  danger: 'bg-danger text-on-danger hover:bg-danger-hover',
}

/** Stands on the page while the meeting is elsewhere. */
export function AwayCard({ onBack }: { onBack: () => void }) {
  const { t } = useTranslation()
  return (
    <div className="flex min-w-0 flex-1 flex-col items-center justify-center gap-4 rounded-2xl border-2 border-line border-dashed p-4 text-center">
      <p role="status" className="text-muted">
        {t('pip.away')}
      </p>
      <Button look="primary" onClick={onBack}>
        {t('pip.back')}
      </Button>
    </div>
  )
}

/** The button of the small window; null where the browser has none. */
export function useSmallWindowControl({ means, view, open, close }: SmallWindow): ControlEntry | null {
  const { t } = useTranslation()
  const { opensSmallWindow } = useWatchable(preferences)
  useEffect(() => {
    if (means !== 'document' || !opensSmallWindow) {
      return
    }
    // Only the browser may open one without a click, when the person turns to another tab.
    setPictureInPictureAction(() => open())
    return () => setPictureInPictureAction(null)
  }, [means, opensSmallWindow, open])
  return means === null
    ? null
    : {
        id: 'pip',
        label: t(view === null ? 'pip.open' : 'pip.close'),
        icon: PictureInPicture2,
        order: 91,
        from: 1600,
        rank: 82,
        isSide: true,
        onPress: view === null ? open : close,
      }
}

function setPictureInPictureAction(handler: (() => void) | null): void {
  try {
    // TypeScript does not know this action yet.
    navigator.mediaSession?.setActionHandler('enterpictureinpicture' as MediaSessionAction, handler)
  } catch {
    // A browser without this action opens the window by the button alone.
  }
}

/** Whether the small window opens by itself. */
export function SmallWindowSettings() {
  const { t } = useTranslation()
  const { opensSmallWindow } = useWatchable(preferences)
  return (
    <Switch label={t('pip.auto')} isOn={opensSmallWindow} onChange={(isOn) => preferences.setOpensSmallWindow(isOn)} />
  )
}
