import { ChevronLeft, ChevronRight } from 'lucide-react'
import { type ReactNode, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { arrangeGrid, tilesPerPage } from '@/call/grid'
import { orderSeats, type Seat } from '@/call/order'
import { useSize } from './useSize'

const GAP = 8
/** The line below the tiles that turns pages, with its margin. */
const PAGER_HEIGHT = 52

export interface GridProps {
  seats: readonly Seat[]
  renderSeat: (id: string) => ReactNode
  /** Takes one more place, after the people. */
  extra?: ReactNode
}

/** The tiles, arranged to fill the space, over as many pages as it takes. */
export function Grid({ seats, renderSeat, extra }: GridProps) {
  const { t, i18n } = useTranslation()
  const space = useRef<HTMLDivElement>(null)
  const wholeSize = useSize(space)
  const needsPages = seats.length > tilesPerPage(wholeSize, GAP)
  const size = needsPages ? { ...wholeSize, height: Math.max(0, wholeSize.height - PAGER_HEIGHT) } : wholeSize
  const perPage = tilesPerPage(size, GAP)
  const order = useStableOrder(seats, perPage)
  const pages = Math.max(1, Math.ceil(order.length / perPage))
  const [wantedPage, setWantedPage] = useState(0)
  const page = Math.min(wantedPage, pages - 1)
  const shown = order.slice(page * perPage, (page + 1) * perPage)
  const hasExtra = extra !== undefined && page === pages - 1
  const isRightToLeft = i18n.dir() === 'rtl'
  const { tiles } = arrangeGrid(size, shown.length + (hasExtra ? 1 : 0), { gap: GAP, rightToLeft: isRightToLeft })
  const place = (index: number) => {
    const { x = 0, y = 0, width = 0, height = 0 } = tiles[index] ?? {}
    return { width, height, transform: `translate(${x}px, ${y}px)` }
  }

  return (
    <section aria-label={t('stage.participants')} className="relative min-h-0 min-w-0 flex-1">
      {/* Physical corner: the rectangles are counted from the left in both directions of writing. */}
      <div ref={space} dir="ltr" className="absolute inset-0">
        {size.width > 0 && (
          <>
            {shown.map((id, index) => (
              <div
                key={id}
                style={place(index)}
                className="absolute start-0 top-0 transition-[transform,width,height] duration-200 ease-out"
              >
                <div dir={i18n.dir()} className="size-full">
                  {renderSeat(id)}
                </div>
              </div>
            ))}
            {hasExtra && (
              <div style={place(shown.length)} className="absolute start-0 top-0">
                <div dir={i18n.dir()} className="size-full">
                  {extra}
                </div>
              </div>
            )}
          </>
        )}
      </div>
      {pages > 1 && (
        <nav
          aria-label={t('stage.page', { page: page + 1, pages })}
          className="absolute inset-x-0 bottom-0 flex justify-center"
        >
          <span className="flex items-center rounded-2xl bg-sunken">
            <PageButton label={t('stage.previousPage')} isDisabled={page === 0} onClick={() => setWantedPage(page - 1)}>
              <ChevronLeft className="size-5 rtl:-scale-x-100" aria-hidden="true" />
            </PageButton>
            <span className="px-1 font-medium text-sm tabular-nums" dir="ltr">
              {page + 1} / {pages}
            </span>
            <PageButton
              label={t('stage.nextPage')}
              isDisabled={page === pages - 1}
              onClick={() => setWantedPage(page + 1)}
            >
              <ChevronRight className="size-5 rtl:-scale-x-100" aria-hidden="true" />
            </PageButton>
          </span>
        </nav>
      )}
    </section>
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

/** The order of the seats that moves as few people as possible from one drawing to the next. */
function useStableOrder(seats: readonly Seat[], perPage: number): string[] {
  const previous = useRef<string[]>([])
  // Ordering an ordered list again changes nothing, so drawing twice is harmless.
  previous.current = orderSeats(previous.current, seats, perPage)
  return previous.current
}
