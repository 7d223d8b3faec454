import { useEffect } from 'react'

const REGION = '[data-region]'
/** Where a region begins; else with the first thing in it that takes the focus. */
const START = '[data-region-start]'
const FOCUSABLE = 'button:not(:disabled):not([tabindex="-1"]), [href], input, textarea, [tabindex="0"]'
const IN_FRONT = '[role="dialog"], [role="alertdialog"], [role="menu"], [role="listbox"]'

/**
 * F6 takes the focus from one part of the page to the next, Shift+F6 back: parts are elements with
 * `data-region`, in the order of the document. Nothing happens while something is open in front.
 */
export function useRegionKeys(): void {
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      const hasModifier = event.ctrlKey || event.metaKey || event.altKey
      if (event.key !== 'F6' || hasModifier || event.defaultPrevented || document.querySelector(IN_FRONT) !== null) {
        return
      }
      event.preventDefault()
      const regions = [...document.querySelectorAll<HTMLElement>(REGION)]
      const here = regions.findIndex((region) => region.contains(document.activeElement))
      const step = event.shiftKey ? -1 : 1
      const from = here === -1 && event.shiftKey ? 0 : here
      for (let tries = 1; tries <= regions.length; tries += 1) {
        const region = regions[(from + tries * step + regions.length * tries) % regions.length]
        const start = region?.querySelector<HTMLElement>(START) ?? region?.querySelector<HTMLElement>(FOCUSABLE)
        if (start) {
          start.focus()
          return
        }
      }
    }
    window.addEventListener('keydown', listen)
    return () => window.removeEventListener('keydown', listen)
  }, [])
}
