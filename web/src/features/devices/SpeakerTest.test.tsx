import { screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { beforeEach, expect, test, vi } from 'vitest'
import { renderPage } from '@/testing/render'
import { SpeakerTest } from './SpeakerTest'

const { playTestTone } = vi.hoisted(() => ({ playTestTone: vi.fn() }))
vi.mock('@/call/speakerTest', () => ({ playTestTone }))

beforeEach(() => {
  playTestTone.mockReset()
})

test('one press plays one tone through the chosen speaker', async () => {
  let end: () => void = () => undefined
  playTestTone.mockReturnValue(new Promise<void>((resolve) => (end = resolve)))
  await renderPage(<SpeakerTest speaker="headset">list</SpeakerTest>)
  const button = screen.getByRole('button', { name: 'Test sound' })
  await userEvent.click(button)
  await userEvent.click(button)

  expect(playTestTone).toHaveBeenCalledExactlyOnceWith('headset')
  end()
  await vi.waitFor(async () => {
    await userEvent.click(button)
    expect(playTestTone).toHaveBeenCalledTimes(2)
  })
})

test('a speaker that does not play is told', async () => {
  playTestTone.mockRejectedValue(new DOMException('gone', 'NotFoundError'))
  await renderPage(<SpeakerTest speaker="gone">list</SpeakerTest>)
  await userEvent.click(screen.getByRole('button', { name: 'Test sound' }))

  expect(await screen.findByText('No sound could be played. Choose another speaker.')).toBeVisible()
})
