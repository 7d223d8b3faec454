import { expect, test } from 'vitest'
import { browserFamily } from './browser'
import { explainFailure, findObstacle } from './deviceProblem'

test.each([
  ['NotAllowedError', 'Permission denied', 'denied'],
  ['NotAllowedError', 'Permission denied by system', 'denied_by_system'],
  ['NotAllowedError', 'Permission dismissed', 'denied'],
  ['NotFoundError', 'Requested device not found', 'not_found'],
  ['OverconstrainedError', '', 'not_found'],
  ['NotReadableError', 'Could not start video source', 'in_use'],
  ['AbortError', 'Timeout starting video source', 'in_use'],
  ['TypeError', 'whatever', 'unknown'],
])('%s "%s" is %s', (name, message, problem) => {
  expect(explainFailure(new DOMException(message, name))).toBe(problem)
})

test('something that is no error is unknown', () => {
  expect(explainFailure('boom')).toBe('unknown')
})

test('obstacles come in the order in which a person can remove them', () => {
  const fine = { isSecureContext: true, hasMediaDevices: true, isAllowedByPolicy: true }

  expect(findObstacle(fine)).toBeNull()
  expect(findObstacle({ ...fine, isAllowedByPolicy: false })).toBe('blocked_by_embedder')
  expect(findObstacle({ ...fine, hasMediaDevices: false })).toBe('unsupported')
  expect(findObstacle({ isSecureContext: false, hasMediaDevices: false, isAllowedByPolicy: true })).toBe('insecure')
})

test.each([
  [
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36',
    0,
    'chromium',
  ],
  ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 0, 'firefox'],
  [
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.4 Safari/605.1.15',
    0,
    'safari',
  ],
  [
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.4 Safari/605.1.15',
    5,
    'ios',
  ],
  [
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/156.0 Mobile Safari/604.1',
    5,
    'ios',
  ],
  [
    'Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Mobile Safari/537.36',
    5,
    'android',
  ],
  ['curl/8', 0, 'other'],
])('%s with %d touch points is %s', (userAgent, touchPoints, family) => {
  expect(browserFamily(userAgent, touchPoints)).toBe(family)
})
