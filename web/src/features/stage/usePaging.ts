import { type TouchEvent, useEffect, useRef } from 'react'

const KEEPS_KEYS =
  'input, textarea, select, [contenteditable], [role="dialog"], [role="alertdialog"], [role="menu"], .side-panel, [data-zoomed]'
/** A swipe is at least so long, in CSS pixels, and twice as long across as up or down. */
const SWIPE = 60

/**
 * Turns pages with PageUp and PageDown wherever nothing scrolls, and by swiping. `turn` is given
 * −1 or 1; the result goes on the element that is swiped.
 */
export function usePaging(turn: (by: -1 | 1) => void, isRightToLeft: boolean) {
  const latest = useRef(turn)
  useEffect(() => {
    latest.current = turn
  })
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      const by = { PageUp: -1, PageDown: 1 }[event.key] as -1 | 1 | undefined
      const keeps = event.target instanceof Element && event.target.closest(KEEPS_KEYS) !== null
      const hasModifier = event.ctrlKey || event.metaKey || event.altKey || event.shiftKey
      if (by !== undefined && !keeps && !hasModifier && !event.defaultPrevented) {
        event.preventDefault()
        latest.current(by)
      }
    }
    window.addEventListener('keydown', listen)
    return () => window.removeEventListener('keydown', listen)
  }, [])

  const start = useRef<{ x: number; y: number } | null>(null)
  return {
    onTouchStart: ({ touches, target }: TouchEvent) => {
      const touch = touches[0]
      const isFree =
        touches.length === 1 && !(target instanceof Element && target.closest('[data-zoomed], [data-corner]'))
      start.current = touch !== undefined && isFree ? { x: touch.clientX, y: touch.clientY } : null
    },
    onTouchEnd: ({ changedTouches }: TouchEvent) => {
      const touch = changedTouches[0]
      if (start.current === null || touch === undefined) {
        return
      }
      const across = touch.clientX - start.current.x
      const down = touch.clientY - start.current.y
      start.current = null
      if (Math.abs(across) >= SWIPE && Math.abs(across) >= 2 * Math.abs(down)) {
        turn(across < 0 !== isRightToLeft ? 1 : -1)
      }
    },
  }
}
