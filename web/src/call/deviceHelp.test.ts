import { expect, test } from 'vitest'
import { deviceHelp, gatherProblems } from './deviceHelp'

test('a refused permission is explained in the terms of the browser', () => {
  expect(deviceHelp('denied', 'camera', 'firefox')).toEqual({
    title: 'problem.denied.camera',
    text: 'problem.help.firefox',
  })
  expect(deviceHelp('denied', 'both', 'ios')).toEqual({ title: 'problem.denied.both', text: 'problem.help.ios' })
})

test('other problems do not depend on the browser', () => {
  expect(deviceHelp('in_use', 'camera', 'ios').text).toBe('problem.help.in_use')
  expect(deviceHelp('blocked_by_embedder', 'both', 'chromium')).toEqual({
    title: 'problem.denied.both',
    text: 'problem.help.blocked_by_embedder',
  })
})

test('the same trouble with both is told once', () => {
  expect(gatherProblems({ microphone: 'denied', camera: 'denied' })).toEqual([{ problem: 'denied', affected: 'both' }])
  expect(gatherProblems({ microphone: 'denied', camera: 'not_found' })).toHaveLength(2)
  expect(gatherProblems({ microphone: null, camera: 'in_use' })).toEqual([{ problem: 'in_use', affected: 'camera' }])
  expect(gatherProblems({ microphone: null, camera: null })).toEqual([])
})
