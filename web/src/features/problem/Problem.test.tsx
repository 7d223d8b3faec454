import { act, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { afterEach, expect, test, vi } from 'vitest'
import type { PageErrorCode } from '@/api/page'
import { accessibilityFaults, renderPage } from '@/testing/render'
import { Problem, type ProblemProps } from './Problem'

afterEach(() => {
  vi.useRealTimers()
})

async function show(code: PageErrorCode, change: Partial<ProblemProps> = {}) {
  const props = { code, retryAfter: null, onRetry: vi.fn(), onJoinAsGuest: vi.fn(), onOtherMeeting: vi.fn(), ...change }
  return { props, ...(await renderPage(<Problem {...props} />)) }
}

test.each([
  ['unknown_meeting', 'There is no meeting with this code'],
  ['meeting_expired', 'This meeting is over'],
  ['host_link_invalid', 'This host link does not work'],
  ['meeting_full', 'The meeting is full'],
  ['unavailable', 'The meeting cannot be reached right now'],
  ['offline', 'You seem to be offline'],
  ['too_many_requests', 'Too many attempts'],
] as const)('%s says: %s, and offers another code', async (code, title) => {
  const { props, container } = await show(code)

  expect(screen.getByRole('heading', { name: title })).toHaveFocus()
  expect(await accessibilityFaults(container)).toEqual([])
  await userEvent.click(screen.getByRole('button', { name: 'Enter another code' }))
  expect(props.onOtherMeeting).toHaveBeenCalledOnce()
})

test('with a broken host link people can join as guests', async () => {
  const { props } = await show('host_link_invalid')
  await userEvent.click(screen.getByRole('button', { name: 'Join as guest' }))

  expect(props.onJoinAsGuest).toHaveBeenCalledOnce()
})

test('what can pass is tried again by itself, no sooner than the server says', async () => {
  vi.useFakeTimers()
  const { props } = await show('unavailable', { retryAfter: 30 })

  for (let second = 0; second < 29; second += 1) {
    await act(() => vi.advanceTimersByTimeAsync(1000))
  }
  expect(props.onRetry).not.toHaveBeenCalled()
  expect(screen.getByText('Trying again in 1 second')).toBeVisible()

  await act(() => vi.advanceTimersByTimeAsync(1000))
  expect(props.onRetry).toHaveBeenCalledOnce()
})

test('what cannot pass is not tried again', async () => {
  await show('unknown_meeting')

  expect(screen.queryByRole('button', { name: 'Try again' })).toBeNull()
  expect(screen.queryByText(/Trying again/)).toBeNull()
})
