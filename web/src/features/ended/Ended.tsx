import { CircleCheck, DoorClosed, DoorOpen, MonitorSmartphone, Unplug, UserX } from 'lucide-react'
import { useTranslation } from 'react-i18next'
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
  onRejoin: () => void
  onOtherMeeting: () => void
}

/** What a person sees when they are no longer in the meeting. */
export function Ended({ reason, onRejoin, onOtherMeeting }: EndedProps) {
  const { t } = useTranslation()
  const { icon, look, canRejoin } = PAGES[reason]
  return (
    <Message icon={icon} look={look} title={t(`ended.${reason}`)} text={t(`ended.${reason}Text`)}>
      {canRejoin && (
        <Button look="primary" onClick={onRejoin}>
          {t(reason === 'denied' ? 'ended.askAgain' : 'ended.rejoin')}
        </Button>
      )}
      <Button look="secondary" onClick={onOtherMeeting}>
        {t('ended.otherMeeting')}
      </Button>
    </Message>
  )
}
