import { expect, test } from 'vitest'
import { findShortcut, type KeyPress } from './useShortcuts'

const SHORTCUTS = [
  { id: 'microphone', keys: { label: '', letter: 'M', chord: 'D' } },
  { id: 'camera', keys: { label: '', letter: 'V', chord: 'E' } },
  { id: 'chat', keys: { label: '', letter: 'C', chord: 'C', withAlt: true } },
]
const press = (change: Partial<KeyPress>, hasLetters = true) =>
  findShortcut(
    { key: 'm', code: 'KeyM', ctrlKey: false, metaKey: false, altKey: false, repeat: false, ...change },
    SHORTCUTS,
    { hasLetters },
  )?.id

test('letters, and the same with Ctrl or ⌘', () => {
  expect(press({})).toBe('microphone')
  expect(press({ key: 'V', code: 'KeyV' })).toBe('camera')
  expect(press({ key: 'd', code: 'KeyD', ctrlKey: true })).toBe('microphone')
  expect(press({ key: 'e', code: 'KeyE', metaKey: true })).toBe('camera')
  expect(press({ key: 'c', code: 'KeyC', ctrlKey: true, altKey: true })).toBe('chat')
  expect(press({ key: 'c', code: 'KeyC', ctrlKey: true })).toBeUndefined()
})

test('without letters the second forms still work', () => {
  expect(press({}, false)).toBeUndefined()
  expect(press({ key: 'd', code: 'KeyD', ctrlKey: true }, false)).toBe('microphone')
})

test('a Hebrew keyboard has the same keys at the same place', () => {
  expect(press({ key: 'צ', code: 'KeyM' })).toBe('microphone')
  expect(press({ key: 'ב', code: 'KeyC', ctrlKey: true, altKey: true })).toBe('chat')
})

// As German, Polish and Spanish keyboards send them, on Windows and elsewhere.
test.each([
  ['€', 'KeyE'],
  ['µ', 'KeyM'],
  ['ć', 'KeyC'],
  ['ę', 'KeyE'],
  ['@', 'KeyV'],
  ['đ', 'KeyD'],
  ['Dead', 'KeyC'],
])('%s, written with AltGr, is no shortcut', (key, code) => {
  for (const keys of [{ ctrlKey: true, altKey: true }, { altKey: true }, { ctrlKey: true }, {}]) {
    expect(press({ key, code, ...keys })).toBeUndefined()
  }
})

test('a Dvorak keyboard goes by its letters', () => {
  expect(press({ key: 'm', code: 'KeyM' })).toBe('microphone')
  expect(press({ key: 'k', code: 'KeyV' })).toBeUndefined()
})

test('other chords and held keys do nothing', () => {
  expect(press({ repeat: true })).toBeUndefined()
  expect(press({ altKey: true })).toBeUndefined()
  expect(press({ ctrlKey: true })).toBeUndefined()
  expect(press({ key: 'x', code: 'KeyX' })).toBeUndefined()
  expect(press({ key: 'Shift', code: 'ShiftLeft' })).toBeUndefined()
})
