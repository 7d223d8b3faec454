import { screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { beforeEach, expect, test, vi } from 'vitest'
import { renderPage } from '@/testing/render'
import { Grid } from './Grid'

beforeEach(() => {
  vi.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(1248)
  vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(640)
})

const seats = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    id: `p${index}`,
    isLocal: index === 0,
    isSpeaking: false,
    lastSpokeAt: 0,
  }))
const grid = (count: number) => <Grid seats={seats(count)} renderSeat={(id) => <p data-testid="seat">{id}</p>} />

test('everybody who fits is shown, without pages', async () => {
  await renderPage(grid(25))

  expect(screen.getAllByTestId('seat')).toHaveLength(25)
  expect(screen.queryByRole('navigation')).toBeNull()
})

test('more people come on further pages', async () => {
  await renderPage(grid(60))
  expect(screen.getAllByTestId('seat')).toHaveLength(25)
  expect(screen.getByRole('navigation', { name: 'Page 1 of 3' })).toBeVisible()
  expect(screen.getByRole('button', { name: 'Previous page' })).toBeDisabled()

  await userEvent.click(screen.getByRole('button', { name: 'Next page' }))
  await userEvent.click(screen.getByRole('button', { name: 'Next page' }))

  expect(screen.getAllByTestId('seat')).toHaveLength(10)
  expect(screen.getByRole('button', { name: 'Next page' })).toBeDisabled()
})
