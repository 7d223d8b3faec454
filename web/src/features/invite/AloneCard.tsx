import { Check, Link } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { Button } from '@/ui/Button'
import type { GuestLink } from './useGuestLink'

/** Takes the place of the second person until there is one. */
export function AloneCard({ link, waitingCount }: { link: GuestLink; waitingCount: number }) {
  const { t } = useTranslation()
  return (
    <div className="@container flex size-full flex-col items-center justify-center overflow-hidden rounded-2xl border-2 border-line border-dashed p-4 text-center">
      <h2 className="text-balance font-semibold @md:text-xl text-base tracking-tight">{t('stage.alone')}</h2>
      <p className="mt-1.5 max-w-sm text-balance text-muted text-sm [@media(max-height:279.98px)]:hidden">
        {waitingCount > 0 ? t('waiting.people', { count: waitingCount }) : t('stage.aloneText')}
      </p>
      <p
        dir="ltr"
        className="mt-4 max-w-full select-all truncate rounded-xl bg-sunken px-3.5 py-2.5 font-medium text-sm tabular-nums [@media(max-height:279.98px)]:hidden"
      >
        {link.url.replace(/^https?:\/\//, '')}
      </p>
      <Button look="primary" className="mt-3" onClick={link.copy}>
        {link.isCopied ? (
          <Check className="size-5" aria-hidden="true" />
        ) : (
          <Link className="size-5" aria-hidden="true" />
        )}
        {t(link.isCopied ? 'stage.copied' : 'stage.copyLink')}
      </Button>
    </div>
  )
}
