import { X } from 'lucide-react'
import { useEffect, useRef } from 'react'
import type { Panel } from './panels'

export interface SidePanelProps {
  panel: Panel
  closeLabel: string
  onClose: () => void
}

/**
 * The frame of every panel: beside the stage, or over it where there is no room for both. The focus
 * goes in with it and back to where it came from.
 */
export function SidePanel({ panel, closeLabel, onClose }: SidePanelProps) {
  const heading = useRef<HTMLHeadingElement>(null)
  useFocusWithin(() => panel.focusFirst?.() ?? heading.current)
  return (
    <section
      aria-label={panel.label}
      data-region
      onKeyDown={(event) => {
        if (event.key === 'Escape' && !event.defaultPrevented && !event.nativeEvent.isComposing) {
          event.stopPropagation()
          onClose()
        }
      }}
      className="side-panel appear z-30 flex w-80 shrink-0 flex-col overflow-hidden rounded-2xl border border-line bg-surface shadow-1"
    >
      <header className="flex items-center justify-between gap-2 py-2 ps-5 pe-2 [@media(max-height:420px)]:py-0">
        <h2 ref={heading} tabIndex={-1} data-region-start className="font-semibold outline-none">
          {panel.title}
        </h2>
        <span className="flex items-center">
          {panel.action}
          <button
            type="button"
            aria-label={closeLabel}
            onClick={onClose}
            className="flex size-11 items-center justify-center rounded-xl text-muted hover:bg-hover hover:text-ink"
          >
            <X className="size-5" aria-hidden="true" />
          </button>
        </span>
      </header>
      {panel.content}
    </section>
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
