import { Wallpaper } from 'lucide-react'
import { lazy, Suspense, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { background, isBackgroundPossible } from '@/call/background/background'
import { OFF } from '@/call/background/choice'
import { useWatchable } from '@/lib/useWatchable'
import { Button } from '@/ui/Button'
import type { ControlEntry } from '@/ui/controls'
import { Dialog } from '@/ui/Dialog'
import { Notice } from '@/ui/Notice'

const BackgroundPicker = lazy(async () => ({ default: (await import('./BackgroundPicker')).BackgroundPicker }))

function BackgroundDialog({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const { t } = useTranslation()
  return (
    <Dialog isOpen={isOpen} title={t('background.title')} closeLabel={t('stage.close')} onClose={onClose}>
      <Suspense>
        <BackgroundPicker />
      </Suspense>
    </Dialog>
  )
}

/** The choice of a background during a meeting; no control where none can be had. */
export function useBackgroundControl(): { control: ControlEntry | null; dialog: React.ReactNode } {
  const { t } = useTranslation()
  const [isOpen, setOpen] = useState(false)
  if (!isBackgroundPossible()) {
    return { control: null, dialog: null }
  }
  return {
    control: {
      id: 'background',
      label: t('background.title'),
      icon: Wallpaper,
      order: 90,
      from: 1600,
      hiddenBelow: 500,
      rank: 80,
      isSide: true,
      onPress: () => setOpen(true),
    },
    dialog: <BackgroundDialog isOpen={isOpen} onClose={() => setOpen(false)} />,
  }
}

/** The same before a meeting. */
export function BackgroundButton() {
  const { t } = useTranslation()
  const [isOpen, setOpen] = useState(false)
  if (!isBackgroundPossible()) {
    return null
  }
  return (
    <div className="max-[500px]:hidden">
      <Button className="px-4!" onClick={() => setOpen(true)}>
        <Wallpaper className="size-5" aria-hidden="true" />
        {t('background.title')}
      </Button>
      <BackgroundDialog isOpen={isOpen} onClose={() => setOpen(false)} />
    </div>
  )
}

/** Asks what to do when the background cannot be hidden: the camera is off until it is answered. */
export function BackgroundNotice({ onTurnOn }: { onTurnOn: () => void }) {
  const { t } = useTranslation()
  const { trouble } = useWatchable(background)
  if (trouble === null) {
    return null
  }
  const turnOn = (act: () => void) => () => {
    act()
    onTurnOn()
  }
  return (
    <div className="w-full max-w-lg">
      <Notice
        isUrgent
        title={t(trouble === 'slow' ? 'background.slow' : 'background.failed')}
        dismiss={{ label: t('devices.dismiss'), onClick: () => background.dismiss() }}
      >
        <p className="flex flex-wrap items-center gap-x-4 gap-y-1">
          <button
            type="button"
            className="min-h-11 font-semibold underline underline-offset-4"
            onClick={turnOn(() => background.choose(OFF))}
          >
            {t('background.without')}
          </button>
          <button
            type="button"
            className="min-h-11 font-semibold underline underline-offset-4"
            onClick={turnOn(() => background.dismiss())}
          >
            {t('devices.tryAgain')}
          </button>
        </p>
      </Notice>
    </div>
  )
}
