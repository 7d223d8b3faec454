import { Dialog as Base } from '@base-ui/react/dialog'
import { X } from 'lucide-react'
import type { ReactNode, RefObject } from 'react'

export interface DialogFrameProps {
  isOpen: boolean
  title: string
  closeLabel: string
  onClose: () => void
  /** The element that has the focus first, in place of the button that closes it. */
  initialFocus?: RefObject<HTMLElement | null>
  children: ReactNode
}

/** Something to look at and change in front of the page; Escape and a click beside it close it. */
export function DialogFrame({ isOpen, title, closeLabel, onClose, initialFocus, children }: DialogFrameProps) {
  return (
    <Base.Root open={isOpen} onOpenChange={(open) => !open && onClose()}>
      <Base.Portal>
        <Base.Backdrop className="fixed inset-0 z-40 bg-black/45 transition-opacity duration-150 data-ending-style:opacity-0 data-starting-style:opacity-0" />
        <Base.Viewport className="fixed inset-0 z-50 flex items-end justify-center p-2 sm:items-center sm:p-4">
          <Base.Popup
            {...(initialFocus === undefined ? {} : { initialFocus })}
            className="flex max-h-full w-full max-w-lg flex-col rounded-3xl border border-line bg-surface shadow-2 outline-none"
          >
            <div className="flex items-center justify-between gap-3 py-3 ps-6 pe-3">
              <Base.Title className="font-semibold text-lg">{title}</Base.Title>
              <Base.Close
                aria-label={closeLabel}
                className="flex size-11 items-center justify-center rounded-xl text-muted hover:bg-hover hover:text-ink"
              >
                <X className="size-5" aria-hidden="true" />
              </Base.Close>
            </div>
            <div className="min-h-0 overflow-y-auto px-6 pb-6">{children}</div>
          </Base.Popup>
        </Base.Viewport>
      </Base.Portal>
    </Base.Root>
  )
}
