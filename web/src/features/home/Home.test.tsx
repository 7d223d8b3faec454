import { screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, test, vi } from 'vitest'
import { accessibilityFaults, renderPage } from '@/testing/render'
import { Home } from './Home'

test('a code in any form leads to its meeting', async () => {
  const onCode = vi.fn()
  const { container } = await renderPage(<Home onCode={onCode} />)
  await userEvent.type(screen.getByLabelText('Meeting code'), '1234 5678 9012{Enter}')

  expect(onCode).toHaveBeenCalledExactlyOnceWith('123456789012')
  expect(await accessibilityFaults(container)).toEqual([])
})

test('something that is no code is told at the field', async () => {
  const onCode = vi.fn()
  await renderPage(<Home onCode={onCode} />)
  await userEvent.type(screen.getByLabelText('Meeting code'), 'weekly{Enter}')

  expect(onCode).not.toHaveBeenCalled()
  expect(screen.getByLabelText('Meeting code')).toHaveAccessibleDescription(/at least 9 digits/)
})
