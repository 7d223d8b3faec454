import { Check, Link } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { ControlEntry } from '@/ui/controls'
import { Notice } from '@/ui/Notice'
import type { GuestLink } from './useGuestLink'

/** The button that copies the guest link. */
export function useLinkControl(link: GuestLink): ControlEntry {
  const { t } = useTranslation()
  return {
    id: 'link',
    label: t(link.isCopied ? 'stage.copied' : 'stage.copyLink'),
    icon: link.isCopied ? Check : Link,
    order: 80,
    from: 600,
    rank: 60,
    isSide: true,
    onPress: link.copy,
  }
}

/** Shows the link where the browser refused to copy it. */
export function LinkNotice({ link }: { link: GuestLink }) {
  const { t } = useTranslation()
  return link.hasFailed ? (
    <div className="w-full max-w-lg">
      <Notice title={t('stage.copyFailed')} dismiss={{ label: t('devices.dismiss'), onClick: link.dismiss }}>
        <p dir="ltr" className="select-all break-all font-medium">
          {link.url}
        </p>
      </Notice>
    </div>
  ) : null
}
