import { MicOff } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Hands } from '@/call/hands'
import type { Moderation } from '@/call/moderation'
import { useWatchable } from '@/lib/useWatchable'
import { Button } from '@/ui/Button'
import { Dialog } from '@/ui/Dialog'
import { Switch } from '@/ui/Switch'

/** The actions of a host on everybody at once: mute them, lower or order their hands. */
export function EverybodyActions({ moderation, hands }: { moderation: Moderation; hands: Hands }) {
  const { t } = useTranslation()
  const { raised, isQuietFirst } = useWatchable(hands)
  const [isOpen, setOpen] = useState(false)
  const [canUnmute, setCanUnmute] = useState(true)
  const [isBusy, setBusy] = useState(false)
  const [hasFailed, setFailed] = useState(false)
  const { isHost } = useWatchable(moderation)
  if (!isHost) {
    return null
  }
  const mute = async () => {
    setBusy(true)
    const isDone = await moderation.muteAll('microphone', !canUnmute)
    setBusy(false)
    setFailed(!isDone)
    setOpen(!isDone)
  }
  return (
    <div className="flex flex-wrap gap-2 px-5 pb-2">
      <Button className="min-h-11 px-3 text-sm" onClick={() => setOpen(true)}>
        <MicOff className="size-4.5" aria-hidden="true" />
        {t('moderation.muteEveryone')}
      </Button>
      {raised.length > 0 && (
        <Button look="quiet" className="min-h-11 px-3 text-sm" onClick={() => hands.lowerAll()}>
          {t('hands.lowerAll')}
        </Button>
      )}
      {raised.length > 1 && (
        <div className="w-full">
          <Switch
            label={t('hands.quietFirst')}
            text={t('hands.quietFirstText')}
            isOn={isQuietFirst}
            onChange={(isOn) => hands.setQuietFirst(isOn)}
          />
        </div>
      )}
      <Dialog
        isOpen={isOpen}
        title={t('moderation.muteEveryoneTitle')}
        closeLabel={t('stage.close')}
        onClose={() => setOpen(false)}
      >
        <p className="text-muted text-sm">{t('moderation.muteEveryoneText')}</p>
        <Switch
          label={t('moderation.canUnmute')}
          text={t('moderation.canUnmuteText')}
          isOn={canUnmute}
          onChange={setCanUnmute}
        />
        {hasFailed && (
          <p role="alert" className="py-2 text-danger-ink text-sm">
            {t('waiting.failed')}
          </p>
        )}
        <div className="mt-4 flex justify-end gap-3">
          <Button look="quiet" onClick={() => setOpen(false)}>
            {t('end.cancel')}
          </Button>
          <Button look="primary" isBusy={isBusy} onClick={() => void mute()}>
            {t('moderation.muteEveryone')}
          </Button>
        </div>
      </Dialog>
    </div>
  )
}
