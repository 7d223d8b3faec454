import { Volume2 } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { Sound } from '@/call/sound'
import { useWatchable } from '@/lib/useWatchable'
import { Button } from '@/ui/Button'

/** Browsers may hold sound back until a click; this asks for it. */
export function SoundPrompt({ sound }: { sound: Sound }) {
  const { t } = useTranslation()
  const { canPlay } = useWatchable(sound)
  if (canPlay) {
    return null
  }
  return (
    <div className="appear flex flex-col items-center gap-2 rounded-3xl border border-line bg-surface p-4 text-center shadow-2">
      <Button look="primary" onClick={() => void sound.start()}>
        <Volume2 className="size-5" aria-hidden="true" />
        {t('stage.hear')}
      </Button>
      <p className="text-muted text-sm">{t('stage.hearText')}</p>
    </div>
  )
}
