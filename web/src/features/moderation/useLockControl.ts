import { Lock, LockOpen } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { Moderation } from '@/call/moderation'
import { useWatchable } from '@/lib/useWatchable'
import type { ControlEntry } from '@/ui/controls'

/** The button with which a host lets nobody new in; null for guests. */
export function useLockControl(moderation: Moderation): ControlEntry | null {
  const { t } = useTranslation()
  const { isHost, isLocked } = useWatchable(moderation)
  return isHost
    ? {
        id: 'lock',
        label: t('moderation.lock'),
        icon: isLocked ? Lock : LockOpen,
        order: 84,
        from: 1280,
        rank: 80,
        isSide: true,
        isPressed: isLocked,
        onPress: () => moderation.lock(!isLocked),
      }
    : null
}
