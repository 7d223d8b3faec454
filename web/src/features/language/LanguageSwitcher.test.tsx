import { screen, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, test, vi } from 'vitest'
import { renderPage } from '@/testing/render'
import { LanguageSwitcher } from './LanguageSwitcher'

test('every language is offered by its own name', async () => {
  const onChoose = vi.fn()
  await renderPage(<LanguageSwitcher language="en" onChoose={onChoose} />)
  const list = screen.getByRole('combobox', { name: 'Language' })

  expect(list).toHaveDisplayValue('English')
  expect(within(list).getAllByRole('option')).toHaveLength(11)
  await userEvent.selectOptions(list, 'עברית')
  expect(onChoose).toHaveBeenCalledExactlyOnceWith('he')
})
