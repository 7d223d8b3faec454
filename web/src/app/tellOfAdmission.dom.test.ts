import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { preferences } from '@/lib/preferences'
import { playAdmitted } from '@/lib/sounds'
import { tellOfAdmission } from './tellOfAdmission'

vi.mock('@/lib/sounds', () => ({ playAdmitted: vi.fn() }))

let visibility: DocumentVisibilityState
beforeEach(() => {
  vi.mocked(playAdmitted).mockClear()
  vi.spyOn(document, 'visibilityState', 'get').mockImplementation(() => visibility)
  document.title = 'Weekly'
})
afterEach(() => {
  preferences.setAdmittedSound(true)
  vi.restoreAllMocks()
})

test('who looks elsewhere hears it and reads it in the title, until they look', () => {
  visibility = 'hidden'
  tellOfAdmission('You are in')
  expect(playAdmitted).toHaveBeenCalledOnce()
  expect(document.title).toBe('You are in')
  visibility = 'visible'
  document.dispatchEvent(new Event('visibilitychange'))
  expect(document.title).toBe('Weekly')
})

test('the sound can be switched off, and who looks needs neither', () => {
  visibility = 'hidden'
  preferences.setAdmittedSound(false)
  tellOfAdmission('You are in')
  expect(playAdmitted).not.toHaveBeenCalled()
  document.title = 'Weekly'
  visibility = 'visible'
  preferences.setAdmittedSound(true)
  tellOfAdmission('You are in')
  expect(playAdmitted).not.toHaveBeenCalled()
  expect(document.title).toBe('Weekly')
})
