import { type FocusEvent, type PointerEvent, useCallback, useEffect, useRef, useState } from 'react'

/** How long a pointer rests on a control before its name appears. */
const OPEN_AFTER_MS = 500
/** Time for the pointer to cross from the control to the text. */
const CLOSE_AFTER_MS = 120
/** Right after one text another appears at once. */
const STILL_OPEN_MS = 300

let lastClosedAt = Number.NEGATIVE_INFINITY

/**
 * When the name of a control is shown: while the pointer rests on the control or on the text, and
 * while the control has the keyboard's focus; Escape and a press close it (WCAG 1.4.13).
 */
export function useTooltip() {
  const [anchor, setAnchor] = useState<Element | null>(null)
  const timer = useRef<number | undefined>(undefined)
  const isOpen = anchor !== null

  const close = useCallback(() => {
    window.clearTimeout(timer.current)
    setAnchor((now) => {
      if (now !== null) {
        lastClosedAt = performance.now()
      }
      return null
    })
  }, [])
  const open = (element: Element, afterMs: number) => {
    window.clearTimeout(timer.current)
    timer.current = window.setTimeout(() => setAnchor(element), afterMs)
  }
  const closeSoon = () => {
    window.clearTimeout(timer.current)
    timer.current = window.setTimeout(close, CLOSE_AFTER_MS)
  }

  useEffect(() => () => window.clearTimeout(timer.current), [])
  useEffect(() => {
    if (!isOpen) {
      return
    }
    const onKey = ({ key }: KeyboardEvent) => key === 'Escape' && close()
    document.addEventListener('keydown', onKey, true)
    window.addEventListener('scroll', close, true)
    window.addEventListener('resize', close)
    return () => {
      document.removeEventListener('keydown', onKey, true)
      window.removeEventListener('scroll', close, true)
      window.removeEventListener('resize', close)
    }
  }, [isOpen, close])

  return {
    anchor,
    close,
    onControl: {
      onPointerEnter: ({ pointerType, currentTarget }: PointerEvent) => {
        if (pointerType !== 'touch') {
          open(currentTarget, performance.now() - lastClosedAt < STILL_OPEN_MS ? 0 : OPEN_AFTER_MS)
        }
      },
      onPointerLeave: closeSoon,
      onPointerDown: close,
      onFocus: ({ currentTarget }: FocusEvent) => {
        if (currentTarget.matches(':focus-visible')) {
          open(currentTarget, 0)
        }
      },
      onBlur: close,
    },
    onText: {
      onPointerEnter: () => window.clearTimeout(timer.current),
      onPointerLeave: closeSoon,
    },
  }
}
