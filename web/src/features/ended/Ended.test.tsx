import { screen } from '@testing-library/react'
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
