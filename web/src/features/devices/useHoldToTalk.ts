import { useEffect } from 'react'
import type { HoldToTalk } from '@/call/holdToTalk'
import { preferences } from '@/lib/preferences'
import { useWatchable } from '@/lib/useWatchable'

/** Elements that have a use for the space bar. */
const USES_SPACE =
  'a[href], button, input, select, textarea, summary, audio[controls], video[controls], [contenteditable], [tabindex]:not([tabindex="-1"]), [role="textbox"], [role="dialog"], [role="alertdialog"], [role="menu"]'

/**
 * Lets the space bar unmute for as long as it is held, in this window. It ends wherever the key
 * goes up, and when nobody could notice that it does.
 */
export function useHoldToTalk(hold: HoldToTalk, view: Window = window): void {
  const { hasHoldToTalk } = useWatchable(preferences)
  useEffect(() => {
    if (!hasHoldToTalk) {
      return
    }
    const release = () => hold.release()
    const listening = new AbortController()
    const { signal } = listening
    const down = (event: KeyboardEvent) => {
      if (!isSpace(event) || event.defaultPrevented || event.isComposing) {
        return
      }
      if (event.repeat) {
        // The page must not scroll meanwhile.
        if (hold.getSnapshot().isHeld) {
          event.preventDefault()
        }
        return
      }
      const { ctrlKey, metaKey, altKey, target } = event
      if (!ctrlKey && !metaKey && !altKey && !usesSpace(target, view) && hold.press()) {
        event.preventDefault()
      }
    }
    // In the capturing phase, so that nothing keeps the end of it to itself.
    const up = (event: KeyboardEvent) => isSpace(event) && release()
    view.addEventListener('keydown', down, { signal })
    view.addEventListener('keyup', up, { signal, capture: true })
    view.addEventListener('blur', release, { signal })
    view.addEventListener('pagehide', release, { signal })
    view.document.addEventListener('visibilitychange', () => view.document.hidden && release(), { signal })
    return () => {
      listening.abort()
      release()
    }
  }, [hold, hasHoldToTalk, view])
}

function isSpace({ code, key }: KeyboardEvent): boolean {
  return code === 'Space' || key === ' '
}

function usesSpace(target: EventTarget | null, view: Window): boolean {
  const isUsed = target !== null && 'closest' in target && (target as Element).closest(USES_SPACE) !== null
  return isUsed || view.document.querySelector('[role="dialog"], [role="alertdialog"]') !== null
}
