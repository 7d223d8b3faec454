import { renderHook } from '@testing-library/react'
import { expect, test, vi } from 'vitest'
import { useShortcuts } from './useShortcuts'

test('a letter that AltGr gives is for the text, whatever else the browser says of it', () => {
  const onPress = vi.fn()
  const keys = { label: '', letter: 'C', chord: 'C', withAlt: true }
  renderHook(() => useShortcuts([{ id: 'chat', keys, onPress }], { hasLetters: true, onEscape: () => undefined }))
  const press = (given: KeyboardEventInit) =>
    window.dispatchEvent(new KeyboardEvent('keydown', { key: 'c', code: 'KeyC', ...given }))

  press({ modifierAltGraph: true })
  press({ modifierAltGraph: true, ctrlKey: true, altKey: true })
  expect(onPress).not.toHaveBeenCalled()
  press({ ctrlKey: true, altKey: true })
  expect(onPress).toHaveBeenCalledOnce()
})
