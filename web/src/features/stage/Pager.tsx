import { ChevronLeft, ChevronRight } from 'lucide-react'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'

/** The buttons that turn pages. */
export function Pager({ page, pages, onTurn }: { page: number; pages: number; onTurn: (by: -1 | 1) => void }) {
  const { t, i18n } = useTranslation()
  return (
    <nav
      dir={i18n.dir()}
      aria-label={t('stage.page', { page: page + 1, pages })}
      className="pointer-events-none flex size-full items-end justify-center"
    >
      <span className="pointer-events-auto flex items-center rounded-2xl bg-sunken">
        <PageButton label={t('stage.previousPage')} isDisabled={page === 0} onClick={() => onTurn(-1)}>
          <ChevronLeft className="size-5 rtl:-scale-x-100" aria-hidden="true" />
        </PageButton>
        <span className="px-1 font-medium text-sm tabular-nums" dir="ltr">
          {page + 1} / {pages}
        </span>
        <PageButton label={t('stage.nextPage')} isDisabled={page === pages - 1} onClick={() => onTurn(1)}>
          <ChevronRight className="size-5 rtl:-scale-x-100" aria-hidden="true" />
        </PageButton>
      </span>
    </nav>
  )
}

function PageButton(props: { label: string; isDisabled: boolean; onClick: () => void; children: ReactNode }) {
  return (
    <button
      type="button"
      aria-label={props.label}
      disabled={props.isDisabled}
      onClick={props.onClick}
      className="flex size-11 items-center justify-center rounded-2xl hover:not-disabled:bg-line disabled:opacity-40"
    >
      {props.children}
    </button>
  )
}
