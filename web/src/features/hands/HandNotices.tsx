import { useTranslation } from 'react-i18next'
import type { Hands } from '@/call/hands'
import type { Moderation } from '@/call/moderation'
import { useWatchable } from '@/lib/useWatchable'
import { Notice } from '@/ui/Notice'
import { useToast } from '@/ui/toasts'

/** Asks somebody who speaks to lower their hand, and says that a host has lowered it. */
export function HandNotices({ hands, moderation }: { hands: Hands; moderation: Moderation }) {
  const { t } = useTranslation()
  const { isAsked } = useWatchable(hands)
  const { handLoweredBy } = useWatchable(moderation)
  useToast(
    handLoweredBy === null
      ? null
      : {
          id: 'hand-lowered',
          text: handLoweredBy.name === null ? t('hands.lowered') : t('hands.loweredBy', { name: handLoweredBy.name }),
          onGone: () => moderation.forgetHand(),
        },
  )
  return (
    <>
      {isAsked && (
        <div className="w-full max-w-lg">
          <Notice title={t('hands.ask')} text={t('hands.askText')}>
            <span className="flex flex-wrap gap-x-5">
              <TextButton onClick={() => hands.toggle()}>{t('hands.lower')}</TextButton>
              <TextButton onClick={() => hands.keep()}>{t('hands.keep')}</TextButton>
            </span>
          </Notice>
        </div>
      )}
    </>
  )
}

function TextButton({ onClick, children }: { onClick: () => void; children: string }) {
  return (
    <button type="button" className="min-h-11 font-semibold underline underline-offset-4" onClick={onClick}>
      {children}
    </button>
  )
}
