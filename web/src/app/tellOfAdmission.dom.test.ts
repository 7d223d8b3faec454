import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { playSound } from '@/lib/sounds'
import { tellOfAdmission } from './tellOfAdmission'

vi.mock('@/lib/sounds', () => ({ playSound: vi.fn() }))

let visibility: DocumentVisibilityState
beforeEach(() => {
  vi.mocked(playSound).mockClear()
  vi.spyOn(document, 'visibilityState', 'get').mockImplementation(() => visibility)
  document.title = 'Weekly'
})
afterEach(() => {
  vi.restoreAllMocks()
})

test('who looks elsewhere hears it and reads it in the title, until they look', () => {
  visibility = 'hidden'
  tellOfAdmission('You are in')
  expect(playSound).toHaveBeenCalledExactlyOnceWith('admitted')
  expect(document.title).toBe('You are in')
  visibility = 'visible'
  document.dispatchEvent(new Event('visibilitychange'))
  expect(document.title).toBe('Weekly')
})

test('who looks needs neither', () => {
  visibility = 'visible'
  tellOfAdmission('You are in')
  expect(playSound).not.toHaveBeenCalled()
  expect(document.title).toBe('Weekly')
})
