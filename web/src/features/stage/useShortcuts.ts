import { useEffect, useRef } from 'react'

export interface Shortcuts {
  onMicrophone: () => void
  onCamera: () => void
  onEscape: () => void
}

type Shortcut = keyof Shortcuts

/** Which shortcut a key press is, if any. `M` and `V`, or Ctrl/⌘ with `D` and `E` as other meeting programs have it. */
export function readShortcut(
  event: Pick<KeyboardEvent, 'key' | 'code' | 'ctrlKey' | 'metaKey' | 'altKey' | 'repeat'>,
): Shortcut | null {
  if (event.repeat || event.altKey) {
    return null
  }
  if (event.key === 'Escape') {
    return 'onEscape'
  }
  const letter = letterOf(event)
  if (event.ctrlKey || event.metaKey) {
    return letter === 'd' ? 'onMicrophone' : letter === 'e' ? 'onCamera' : null
  }
  return letter === 'm' ? 'onMicrophone' : letter === 'v' ? 'onCamera' : null
}

/** On keyboards of other scripts the letter is told by its place. */
function letterOf({ key, code }: Pick<KeyboardEvent, 'key' | 'code'>): string {
  return /^[a-z]$/i.test(key) ? key.toLowerCase() : code.replace(/^Key/, '').toLowerCase()
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable ||
      target.closest('input, textarea, select, [role="menu"], [role="listbox"], [role="alertdialog"]') !== null)
  )
}

/** Listens for the shortcuts of the meeting while mounted, except where somebody types or a menu has the keys. */
export function useShortcuts(shortcuts: Shortcuts): void {
  const latest = useRef(shortcuts)
  useEffect(() => {
    latest.current = shortcuts
  })
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      const shortcut = readShortcut(event)
      if (shortcut === null || event.defaultPrevented || isTyping(event.target)) {
        return
      }
      if (shortcut !== 'onEscape') {
        event.preventDefault()
      }
      latest.current[shortcut]()
    }
    window.addEventListener('keydown', listen)
    return () => window.removeEventListener('keydown', listen)
  }, [])
}
