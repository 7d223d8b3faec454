import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Moderation } from '@/call/moderation'
import { useWatchable } from '@/lib/useWatchable'
import { Button } from '@/ui/Button'
import { Dialog } from '@/ui/Dialog'
import { Switch } from '@/ui/Switch'

/** Asks before somebody is sent away, and whether they may come back. */
export function RemoveDialog({ moderation }: { moderation: Moderation }) {
  const { t } = useTranslation()
  const { removing } = useWatchable(moderation)
  const [isFinal, setFinal] = useState(true)
  const [hasFailed, setFailed] = useState(false)
  const close = () => {
    setFailed(false)
    moderation.askToRemove(null)
  }
  const remove = async (id: string) => {
    const isDone = await moderation.remove(id, !isFinal)
    setFailed(!isDone)
    if (isDone) {
      close()
    }
  }
  return (
    <Dialog
      isOpen={removing !== null}
      title={t('moderation.removeTitle', { name: removing?.name ?? '' })}
      closeLabel={t('stage.close')}
      onClose={close}
    >
      <Switch label={t('moderation.removeFinal')} isOn={isFinal} onChange={setFinal} />
      {hasFailed && (
        <p role="alert" className="py-2 text-danger-ink text-sm">
          {t('waiting.failed')}
        </p>
      )}
      <div className="mt-4 flex justify-end gap-3">
        <Button look="quiet" onClick={close}>
          {t('end.cancel')}
        </Button>
        <Button look="danger" onClick={() => removing !== null && void remove(removing.id)}>
          {t('moderation.remove')}
        </Button>
      </div>
    </Dialog>
  )
}
