import { expect, test } from 'vitest'
import { formatMeetingCode, parseMeetingCode } from './meetingCode'

test.each([
  ['123456789012', '123456789012'],
  ['  1234 5678 9012 ', '123456789012'],
  ['1234-5678-9012', '123456789012'],
  ['https://meet.example/123456789012', '123456789012'],
  ['https://meet.example/acme/123456789012/', '123456789012'],
  ['123456789', '123456789'],
])('%j is the code %s', (text, code) => {
  expect(parseMeetingCode(text)).toBe(code)
})

test.each(['', '12345678', 'weekly', '1'.repeat(33), 'https://', 'https://meet.example/', '<b>123456789012'])(
  '%j is no code',
  (text) => {
    expect(parseMeetingCode(text)).toBeNull()
  },
)

test('a code is shown in groups of four', () => {
  expect(formatMeetingCode('123456789012')).toBe('1234 5678 9012')
  expect(formatMeetingCode('123456789')).toBe('1234 5678 9')
})
