import { type ReactNode, useCallback, useMemo, useState } from 'react'

/**
 * Something that opens beside the stage, one at a time. A feature adds one value; the stage knows
 * none of them.
 */
export interface Panel {
  id: string
  /** The accessible name of the region. */
  label: string
  /** The heading. */
  title: string
  /** The element that takes the focus when it opens, if not the heading. */
  focusFirst?: () => HTMLElement | null
  /** Stands in the heading, before the button that closes. */
  action?: ReactNode
  content: ReactNode
}

export interface Panels {
  /** The id of the panel that is open; null when none is. */
  open: string | null
  show: (id: string) => void
  toggle: (id: string) => void
  close: () => void
}

export function usePanels(): Panels {
  const [open, setOpen] = useState<string | null>(null)
  const show = useCallback((id: string) => setOpen(id), [])
  const toggle = useCallback((id: string) => setOpen((now) => (now === id ? null : id)), [])
  const close = useCallback(() => setOpen(null), [])
  return useMemo(() => ({ open, show, toggle, close }), [open, show, toggle, close])
}
