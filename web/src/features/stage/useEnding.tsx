import { CircleStop, PhoneOff } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Visit } from '@/call/visit'
import { useWatchable } from '@/lib/useWatchable'
import { ConfirmDialog } from '@/ui/ConfirmDialog'
import type { ControlEntry } from '@/ui/controls'

/** The ways out: leaving, and for the host ending the meeting for everybody after a question. */
export function useEnding(visit: Visit): { controls: ControlEntry[]; dialog: ReactNode } {
  const { t } = useTranslation()
  const { role } = useWatchable(visit)
  const [state, setState] = useState<'idle' | 'asking' | 'busy' | 'failed'>('idle')
  const confirm = async () => {
    setState('busy')
    try {
      await visit.endForAll()
      setState('idle')
    } catch {
      setState('failed')
    }
  }
  const leave: ControlEntry = {
    id: 'leave',
    label: t('stage.leave'),
    icon: PhoneOff,
    look: 'danger',
    order: 100,
    from: 0,
    rank: 0,
    onPress: () => visit.leave(),
  }
  const end: ControlEntry = {
    id: 'end',
    label: t('stage.endForAll'),
    icon: CircleStop,
    look: 'danger',
    isText: true,
    order: 110,
    from: 700,
    rank: 90,
    onPress: () => setState('asking'),
  }
  return {
    controls: role === 'owner' ? [leave, end] : [leave],
    dialog: (
      <ConfirmDialog
        isOpen={state !== 'idle'}
        title={t('end.title')}
        text={t('end.text')}
        confirm={t('end.confirm')}
        cancel={t('end.cancel')}
        isBusy={state === 'busy'}
        error={state === 'failed' ? t('end.failed') : null}
        onConfirm={() => void confirm()}
        onClose={() => setState((now) => (now === 'busy' ? now : 'idle'))}
      />
    ),
  }
}
