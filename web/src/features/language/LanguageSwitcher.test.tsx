import { screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, test, vi } from 'vitest'
import { renderPage } from '@/testing/render'
import { LanguageSwitcher } from './LanguageSwitcher'

test('every language is offered by its own name', async () => {
  const onChoose = vi.fn()
  await renderPage(<LanguageSwitcher language="en" onChoose={onChoose} />)
  await userEvent.click(screen.getByRole('button', { name: 'Language: English' }))

  expect(await screen.findAllByRole('menuitemradio')).toHaveLength(11)
  await userEvent.click(screen.getByRole('menuitemradio', { name: 'עברית' }))
  expect(onChoose).toHaveBeenCalledExactlyOnceWith('he')
})
