import { EllipsisVertical } from 'lucide-react'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Menu } from '@/ui/Menu'

/** The menu in the row of a person. */
export function PersonMenu({ name, children }: { name: string; children: ReactNode }) {
  const { t } = useTranslation()
  return (
    <Menu
      side="bottom"
      align="end"
      trigger={
        <button
          type="button"
          aria-label={t('moderation.options', { name })}
          className="-me-3 flex size-11 shrink-0 items-center justify-center rounded-xl text-muted hover:bg-hover hover:text-ink"
        >
          <EllipsisVertical className="size-5" aria-hidden="true" />
        </button>
      }
    >
      {children}
    </Menu>
  )
}
