import { type FocusEvent, type KeyboardEvent, type RefObject, useLayoutEffect, useRef } from 'react'

/**
 * The keyboard of a toolbar (WAI-ARIA Authoring Practices): one stop for the Tab key, arrow keys,
 * Home and End inside. Spread the result on the element with the role; it must contain nothing
 * focusable but buttons.
 */
export function useToolbarKeys(): {
  ref: RefObject<HTMLDivElement | null>
  onKeyDown: (event: KeyboardEvent<HTMLDivElement>) => void
  onFocus: (event: FocusEvent<HTMLDivElement>) => void
} {
  const ref = useRef<HTMLDivElement>(null)
  const current = useRef<Element | null>(null)

  const buttons = () => [...(ref.current?.querySelectorAll<HTMLButtonElement>('button:not(:disabled)') ?? [])]
  const keepOneStop = () => {
    const all = buttons()
    const stop = all.find((button) => button === current.current) ?? all[0]
    for (const button of all) {
      button.tabIndex = button === stop ? 0 : -1
    }
  }
  // After every drawing: buttons come and go with the width and with what a feature offers.
  useLayoutEffect(keepOneStop)

  return {
    ref,
    onFocus: (event) => {
      // React also reports the focus inside menus that are drawn elsewhere in the document.
      if (ref.current?.contains(event.target)) {
        current.current = event.target
        keepOneStop()
      }
    },
    onKeyDown: (event) => {
      const all = buttons()
      const place = all.indexOf(event.target as HTMLButtonElement)
      if (place === -1 || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) {
        return
      }
      const isRightToLeft = getComputedStyle(event.currentTarget).direction === 'rtl'
      const step = { ArrowRight: isRightToLeft ? -1 : 1, ArrowLeft: isRightToLeft ? 1 : -1 }[event.key]
      const target =
        step !== undefined
          ? all[(place + step + all.length) % all.length]
          : event.key === 'Home'
            ? all[0]
            : event.key === 'End'
              ? all.at(-1)
              : undefined
      if (target !== undefined) {
        event.preventDefault()
        target.focus()
      }
    },
  }
}
