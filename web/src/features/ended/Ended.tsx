import { CircleCheck, DoorClosed, DoorOpen, MonitorSmartphone, Unplug, UserX } from 'lucide-react'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { announcer } from '@/lib/announcer'
import { Button } from '@/ui/Button'
import { Message } from '@/ui/Message'

const PAGES = {
  left: { icon: DoorOpen, look: 'good', canRejoin: true },
  ended: { icon: CircleCheck, look: 'good', canRejoin: false },
  removed: { icon: UserX, look: 'plain', canRejoin: false },
  duplicate: { icon: MonitorSmartphone, look: 'plain', canRejoin: true },
  denied: { icon: DoorClosed, look: 'plain', canRejoin: true },
  lost: { icon: Unplug, look: 'plain', canRejoin: true },
} as const

export interface EndedProps {
  reason: keyof typeof PAGES
  /** Seconds until one who was denied may ask again; null: not in this session. */
  retryAfter?: number | null
  onRejoin: () => void
  onOtherMeeting: () => void
}

/** The page of a person who is no longer in the meeting. */
export function Ended({ reason, retryAfter = 0, onRejoin, onOtherMeeting }: EndedProps) {
  const { t } = useTranslation()
  const { icon, look, canRejoin } = PAGES[reason]
  useEffect(() => {
    if (reason === 'removed') {
      announcer.interrupt(t('ended.removed'))
    }
  }, [reason, t])
  const [mustWait, setMustWait] = useState(retryAfter !== null && retryAfter > 0)
  useEffect(() => {
    if (!mustWait || retryAfter === null) {
      return
    }
    const timer = window.setTimeout(() => setMustWait(false), retryAfter * 1000)
    return () => window.clearTimeout(timer)
  }, [mustWait, retryAfter])
  const text = retryAfter === null ? 'ended.deniedFinalText' : mustWait ? 'ended.deniedWaitText' : null
  return (
    <Message icon={icon} look={look} title={t(`ended.${reason}`)} text={t(text ?? `ended.${reason}Text`)}>
      {canRejoin && retryAfter !== null && (
        <Button look="primary" disabled={mustWait} onClick={onRejoin}>
          {t(reason === 'denied' ? 'ended.askAgain' : 'ended.rejoin')}
        </Button>
      )}
      <Button look="secondary" onClick={onOtherMeeting}>
        {t('ended.otherMeeting')}
      </Button>
    </Message>
  )
}
