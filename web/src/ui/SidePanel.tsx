import { X } from 'lucide-react'
import { type ReactNode, useEffect, useRef } from 'react'

export interface SidePanelProps {
  /** What it is called, and the words of the button that closes it. */
  label: string
  closeLabel: string
  title: string
  onClose: () => void
  /** Where the focus goes when the panel opens, if not to its title. */
  focusFirst?: () => HTMLElement | null
  children: ReactNode
}

/** A panel beside the stage, or over it where there is no room for both. The focus goes in with it and back where it came from. */
export function SidePanel({ label, closeLabel, title, onClose, focusFirst, children }: SidePanelProps) {
  const heading = useRef<HTMLHeadingElement>(null)
  useFocusWithin(() => focusFirst?.() ?? heading.current)
  return (
    <aside
      aria-label={label}
      onKeyDown={(event) => {
        if (event.key === 'Escape' && !event.defaultPrevented && !event.nativeEvent.isComposing) {
          event.stopPropagation()
          onClose()
        }
      }}
      className="appear z-30 flex w-80 shrink-0 flex-col overflow-hidden rounded-2xl border border-line bg-surface shadow-1 max-md:absolute max-md:inset-x-2 max-md:top-2 max-md:bottom-0 max-md:w-auto max-md:shadow-2"
    >
      <header className="flex items-center justify-between gap-2 py-2 ps-5 pe-2">
        <h2 ref={heading} tabIndex={-1} className="font-semibold outline-none">
          {title}
        </h2>
        <button
          type="button"
          aria-label={closeLabel}
          onClick={onClose}
          className="flex size-11 items-center justify-center rounded-xl text-muted hover:bg-hover hover:text-ink"
        >
          <X className="size-5" aria-hidden="true" />
        </button>
      </header>
      {children}
    </aside>
  )
}

/** Takes the focus while mounted, and gives it back to whoever had it. */
function useFocusWithin(first: () => HTMLElement | null): void {
  const start = useRef(first)
  useEffect(() => {
    const before = document.activeElement
    start.current()?.focus()
    return () => {
      if (before instanceof HTMLElement && before.isConnected) {
        before.focus()
      }
    }
  }, [])
}
