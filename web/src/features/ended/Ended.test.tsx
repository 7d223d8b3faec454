import { act, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, test, vi } from 'vitest'
import { accessibilityFaults, renderPage } from '@/testing/render'
import { Ended } from './Ended'

test.each([
  ['left', 'You left the meeting', true],
  ['ended', 'The meeting has ended', false],
  ['removed', 'You were removed from the meeting', false],
  ['duplicate', 'You joined from somewhere else', true],
  ['lost', 'The connection could not be restored', true],
] as const)('%s says: %s', async (reason, title, canRejoin) => {
  const onRejoin = vi.fn()
  const { container } = await renderPage(<Ended reason={reason} onRejoin={onRejoin} onOtherMeeting={() => undefined} />)

  expect(screen.getByRole('heading', { name: title })).toHaveFocus()
  expect(await accessibilityFaults(container)).toEqual([])
  const rejoin = screen.queryByRole('button', { name: 'Rejoin' })
  expect(rejoin !== null).toBe(canRejoin)
  if (rejoin !== null) {
    await userEvent.click(rejoin)
    expect(onRejoin).toHaveBeenCalledOnce()
  }
})

test('somebody who was denied waits a minute before they ask again, and the last answer is final', async () => {
  vi.useFakeTimers()
  const onRejoin = vi.fn()
  const denied = (retryAfter: number | null) => (
    <Ended reason="denied" retryAfter={retryAfter} onRejoin={onRejoin} onOtherMeeting={() => undefined} />
  )
  const { unmount } = await renderPage(denied(60))
  expect(screen.getByText(/ask again in a minute/)).toBeVisible()
  expect(screen.getByRole('button', { name: 'Ask again' })).toBeDisabled()
  act(() => vi.advanceTimersByTime(60_000))
  expect(screen.getByRole('button', { name: 'Ask again' })).toBeEnabled()
  unmount()
  vi.useRealTimers()

  await renderPage(denied(null))
  expect(screen.getByText(/cannot ask again/)).toBeVisible()
  expect(screen.queryByRole('button', { name: 'Ask again' })).toBeNull()
})
