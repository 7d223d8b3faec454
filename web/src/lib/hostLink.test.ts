import { expect, test } from 'vitest'
import { findHostToken, forgetHostToken, keepHostToken, parseHostLink } from './hostLink'

test('a host link gives the code and the token, and a path that holds neither secret', () => {
  const link = parseHostLink('/', '?room_token=123456789012&participant_token=aaa.bbb.ccc')

  expect(link).toEqual({ meetingCode: '123456789012', participantToken: 'aaa.bbb.ccc', path: '/123456789012' })
})

test('a brand in the path stays', () => {
  expect(parseHostLink('/acme/', '?room_token=123456789012&participant_token=t')?.path).toBe('/acme/123456789012')
})

test.each([
  '',
  '?room_token=1',
  '?participant_token=t',
  '?room_token=a/b&participant_token=t',
  `?room_token=1&participant_token=${'x'.repeat(4097)}`,
])('%j is no host link', (search) => {
  expect(parseHostLink('/', search)).toBeNull()
})

test('a token is kept for its own meeting only, until it is forgotten', () => {
  keepHostToken('111111111', 'secret')

  expect(findHostToken('111111111')).toBe('secret')
  expect(findHostToken('222222222')).toBeNull()

  forgetHostToken('111111111')
  expect(findHostToken('111111111')).toBeNull()
})
