import { Hand } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { Hands } from '@/call/hands'
import { useWatchable } from '@/lib/useWatchable'
import type { ControlEntry } from '@/ui/controls'

/** The button that raises and lowers one's own hand. */
export function useHandControl(hands: Hands): ControlEntry {
  const { t } = useTranslation()
  useWatchable(hands)
  const isRaised = hands.isMineRaised()
  return {
    id: 'hand',
    label: t(isRaised ? 'hands.lower' : 'hands.raise'),
    icon: Hand,
    order: 35,
    from: 600,
    rank: 50,
    isPressed: isRaised,
    keys: { label: t('keys.hand'), letter: 'H', chord: 'H', withAlt: true },
    onPress: () => hands.toggle(),
  }
}
