import { useTranslation } from 'react-i18next'
import type { Share } from '@/call/share'
import { useWatchable } from '@/lib/useWatchable'
import { ConfirmDialog } from '@/ui/ConfirmDialog'

/** Asks a host whether their screen shall take the place of another one. */
export function ReplaceQuestion({ share }: { share: Share }) {
  const { t } = useTranslation()
  const { question } = useWatchable(share)
  const names = question?.names ?? []
  return (
    <ConfirmDialog
      isOpen={question !== null}
      title={names.length > 1 ? t('share.replaceMany') : t('share.replaceTitle', { name: names[0] ?? '' })}
      text={t('share.replaceText')}
      confirm={t('share.replace')}
      cancel={t('end.cancel')}
      isBusy={false}
      error={null}
      onConfirm={() => void share.replace()}
      onClose={() => share.keepOthers()}
    />
  )
}
