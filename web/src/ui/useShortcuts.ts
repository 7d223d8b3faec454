import { useEffect, useRef } from 'react'
import type { ControlKeys } from './controls'

/** The fields of a keyboard event that decide which shortcut it means. */
export type KeyPress = Pick<KeyboardEvent, 'key' | 'code' | 'ctrlKey' | 'metaKey' | 'altKey' | 'repeat'>

export interface Shortcut {
  id: string
  keys: ControlKeys
  onPress: () => void
}

/**
 * The shortcut that a key press means; undefined when it means none. `hasLetters`: whether single
 * letters count.
 */
export function findShortcut<T extends Pick<Shortcut, 'keys'>>(
  press: KeyPress,
  shortcuts: readonly T[],
  { hasLetters }: { hasLetters: boolean },
): T | undefined {
  const letter = letterOf(press)
  if (press.repeat || letter === null) {
    return undefined
  }
  if (press.ctrlKey || press.metaKey) {
    return shortcuts.find(({ keys }) => keys.chord.toLowerCase() === letter && (keys.withAlt ?? false) === press.altKey)
  }
  return hasLetters && !press.altKey ? shortcuts.find(({ keys }) => keys.letter.toLowerCase() === letter) : undefined
}

/**
 * On keyboards of other scripts the letter is told by its place. Signs and letters with marks, such
 * as "@", "€" and "ć", are written with AltGr, which Windows reports as Ctrl and Alt: they mean
 * themselves.
 */
function letterOf({ key, code }: KeyPress): string | null {
  if (/^[a-z?/]$/i.test(key)) {
    return key.toLowerCase()
  }
  const isOtherScript = /^\p{L}/u.test(key) && !/^[\p{Script=Latin}\p{Script=Common}]/u.test(key)
  return isOtherScript && /^Key[A-Z]$/.test(code) ? code.slice(3).toLowerCase() : null
}

const USES_LETTERS =
  'input, textarea, select, [contenteditable], [role="combobox"], [role="listbox"], [role="menu"], [role="radiogroup"], [role="textbox"], [role="searchbox"]'
const DIALOGS = '[role="dialog"], [role="alertdialog"]'

/**
 * Whether the element with the focus wants letters for itself, or a dialog is open in front of the
 * meeting.
 */
function needsLetters(target: EventTarget | null): boolean {
  return (
    (target instanceof HTMLElement &&
      (target.isContentEditable || target.closest(`${USES_LETTERS}, ${DIALOGS}`) !== null)) ||
    document.querySelector(DIALOGS) !== null
  )
}

/**
 * Listens for the shortcuts while mounted, in this window or another of the page. `onEscape` hears
 * Escape when nothing else has used it.
 */
export function useShortcuts(
  shortcuts: readonly Shortcut[],
  { hasLetters, onEscape }: { hasLetters: boolean; onEscape: () => void },
  view: Window = window,
): void {
  const latest = useRef({ shortcuts, hasLetters, onEscape })
  useEffect(() => {
    latest.current = { shortcuts, hasLetters, onEscape }
  })
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      const now = latest.current
      // AltGr counts as Ctrl and Alt on Windows, where it writes letters such as "ć".
      if (event.defaultPrevented || event.isComposing || event.getModifierState('AltGraph')) {
        return
      }
      if (event.key === 'Escape' && !needsLetters(event.target)) {
        now.onEscape()
        return
      }
      const isChord = event.ctrlKey || event.metaKey
      const shortcut = findShortcut(event, now.shortcuts, { hasLetters: now.hasLetters && !needsLetters(event.target) })
      if (shortcut !== undefined && (!isChord || document.querySelector(DIALOGS) === null)) {
        event.preventDefault()
        shortcut.onPress()
      }
    }
    view.addEventListener('keydown', listen)
    return () => view.removeEventListener('keydown', listen)
  }, [view])
}
