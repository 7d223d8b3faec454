import { expect, test } from 'vitest'
import { NOBODY, noteJoin, noteLeave } from './comings'
import { readShortcut } from './useShortcuts'

const press = (change: Partial<Parameters<typeof readShortcut>[0]>) =>
  readShortcut({ key: 'm', code: 'KeyM', ctrlKey: false, metaKey: false, altKey: false, repeat: false, ...change })

test('M and V, Ctrl+D and Ctrl+E, and Escape are shortcuts', () => {
  expect(press({})).toBe('onMicrophone')
  expect(press({ key: 'V', code: 'KeyV' })).toBe('onCamera')
  expect(press({ key: 'd', code: 'KeyD', ctrlKey: true })).toBe('onMicrophone')
  expect(press({ key: 'e', code: 'KeyE', metaKey: true })).toBe('onCamera')
  expect(press({ key: 'Escape', code: 'Escape' })).toBe('onEscape')
})

test('a Hebrew keyboard has the same keys at the same place', () => {
  expect(press({ key: 'צ', code: 'KeyM' })).toBe('onMicrophone')
})

test('a Dvorak keyboard goes by its letters', () => {
  expect(press({ key: 'm', code: 'KeyM' })).toBe('onMicrophone')
  expect(press({ key: 'k', code: 'KeyV' })).toBeNull()
})

test('other chords and held keys do nothing', () => {
  expect(press({ repeat: true })).toBeNull()
  expect(press({ altKey: true })).toBeNull()
  expect(press({ ctrlKey: true })).toBeNull()
  expect(press({ key: 'x', code: 'KeyX' })).toBeNull()
})

test('who leaves and comes back within a moment is not news', () => {
  expect(noteJoin(noteLeave(NOBODY, 'Ada'), 'Ada')).toEqual(NOBODY)
  expect(noteLeave(noteJoin(NOBODY, 'Ada'), 'Ada')).toEqual(NOBODY)
  expect(noteJoin(noteJoin(NOBODY, 'Ada'), 'Bob')).toEqual({ joined: ['Ada', 'Bob'], left: [] })
})
