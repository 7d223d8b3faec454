import { useTranslation } from 'react-i18next'
import type { Right } from '@/api/page'
import type { Moderation } from '@/call/moderation'
import { useWatchable } from '@/lib/useWatchable'
import { Switch } from '@/ui/Switch'

const RIGHTS = ['microphone', 'camera', 'screen_share', 'chat', 'reactions'] as const satisfies readonly Right[]

/** The rights of guests, for hosts to change. A switch moves once the server has confirmed it. */
export function GuestRights({ moderation }: { moderation: Moderation }) {
  const { t } = useTranslation()
  const { guestsMay, isOneShareAtATime } = useWatchable(moderation)
  return (
    <>
      {RIGHTS.map((right) => (
        <Switch
          key={right}
          label={t(`moderation.rights.${right}`)}
          isOn={guestsMay[right]}
          onChange={(isOn) => moderation.permit(right, isOn)}
        />
      ))}
      <Switch
        label={t('moderation.oneShare')}
        text={t('moderation.oneShareText')}
        isOn={isOneShareAtATime}
        onChange={(isOn) => moderation.permit('one_share_at_a_time', isOn)}
      />
    </>
  )
}
