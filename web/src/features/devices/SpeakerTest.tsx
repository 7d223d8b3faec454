import { Play } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { playTestTone } from '@/call/speakerTest'
import { useAnnouncement } from '@/lib/useAnnouncement'
import { Button } from '@/ui/Button'
import { Spinner } from '@/ui/Spinner'

/** A short tone through the chosen speaker, beside the list it is chosen from. */
export function SpeakerTest({ speaker, children }: { speaker: string | null; children: ReactNode }) {
  const { t } = useTranslation()
  const [state, setState] = useState<'idle' | 'playing' | 'failed'>('idle')
  useAnnouncement(state === 'failed' ? t('devices.testFailed') : '')
  const play = async () => {
    setState('playing')
    try {
      await playTestTone(speaker)
      setState('idle')
    } catch {
      setState('failed')
    }
  }
  return (
    <div className="col-span-full flex min-w-0 flex-wrap items-center gap-2">
      {children}
      {/* Not disabled while it plays, so that it keeps the focus. */}
      <Button className="shrink-0 px-3 text-sm" onClick={() => state !== 'playing' && void play()}>
        {state === 'playing' ? <Spinner className="size-4" /> : <Play className="size-4" aria-hidden="true" />}
        {t('devices.testSound')}
      </Button>
      {state === 'failed' && <p className="basis-full text-danger-ink text-sm">{t('devices.testFailed')}</p>}
    </div>
  )
}
