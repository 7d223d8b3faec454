import { expect, test, vi } from 'vitest'
import { findHostToken, forgetHostToken, keepHostToken } from './hostLink'

test('where site data is blocked the host stays host over a reload, and the address says nothing', async () => {
  vi.spyOn(window, 'sessionStorage', 'get').mockImplementation(() => {
    throw new DOMException('blocked', 'SecurityError')
  })
  history.replaceState({ own: 1 }, '', '/123456789012')
  keepHostToken('123456789012', 'secret')
  expect(history.state.own).toBe(1)
  expect(location.href).not.toContain('secret')

  // A reload: every module begins anew, and the history entry is what is left.
  vi.resetModules()
  const reloaded = await import('./hostLink')
  expect(reloaded.findHostToken('123456789012')).toBe('secret')

  forgetHostToken('123456789012')
  expect(findHostToken('123456789012')).toBeNull()
  expect(JSON.stringify(history.state)).not.toContain('secret')
  vi.restoreAllMocks()
})
