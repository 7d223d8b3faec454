import { act, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, test, vi } from 'vitest'
import { Preview } from '@/call/preview'
import { accessibilityFaults, renderPage } from '@/testing/render'
import { WaitingRoom, type WaitingRoomProps } from './WaitingRoom'

function element(change: Partial<WaitingRoomProps> = {}) {
  const preview = new Preview({ microphoneOn: true, cameraOn: true, deviceId: () => null, onOpened: () => undefined })
  return (
    <WaitingRoom
      roomName="Weekly"
      name="Ada"
      preview={preview}
      step="approval"
      onRename={async () => undefined}
      onCancel={() => undefined}
      onTurn={() => undefined}
      devicePicker={null}
      {...change}
    />
  )
}

test.each([
  ['approval', 'The host will let you in'],
  ['owner_absent', 'The meeting starts when the host joins'],
  ['full', 'The meeting is full'],
] as const)('%s says: %s', async (step, title) => {
  const onCancel = vi.fn()
  await renderPage(element({ step, onCancel }))

  expect(screen.getByRole('heading', { name: title })).toHaveFocus()
  expect(screen.getByRole('status')).toHaveTextContent('Please keep this page open')
  await userEvent.click(screen.getByRole('button', { name: 'Cancel' }))
  expect(onCancel).toHaveBeenCalledOnce()
})

test('once one may come in there is nothing to cancel', async () => {
  await renderPage(element({ step: 'entering' }))

  expect(screen.getByRole('heading', { name: 'Entering the meeting…' })).toBeVisible()
  expect(screen.getByRole('button', { name: 'Cancel' })).toBeDisabled()
})

test.each(['en', 'ar'] as const)('axe finds nothing wrong (%s)', async (language) => {
  const { container } = await renderPage(element(), language)

  expect(await accessibilityFaults(container)).toEqual([])
})

test('the name one waits under is shown and can be changed', async () => {
  const onRename = vi.fn(async (_name: string) => undefined)
  onRename.mockRejectedValueOnce(new Error('offline'))
  const { container } = await renderPage(element({ onRename }))
  await userEvent.click(screen.getByRole('button', { name: 'Change name' }))
  const field = screen.getByRole('textbox', { name: 'Your name' })
  expect(field).toHaveFocus()
  expect(field).toHaveValue('Ada')
  expect(await accessibilityFaults(container)).toEqual([])
  await userEvent.clear(field)
  await userEvent.keyboard('{Enter}')
  expect(onRename).not.toHaveBeenCalled()
  await userEvent.type(field, 'Ada Lovelace{Enter}')
  expect(await screen.findByText(/did not work/)).toBeVisible()
  await userEvent.click(screen.getByRole('button', { name: 'Save name' }))
  expect(onRename.mock.calls.flat()).toEqual(['Ada Lovelace', 'Ada Lovelace'])
  expect(await screen.findByRole('button', { name: 'Change name' })).toHaveFocus()
})

test('after three minutes one reads that the host was told', async () => {
  vi.useFakeTimers()
  await renderPage(element())
  act(() => vi.advanceTimersByTime(179_000))
  expect(screen.queryByText(/The host has been told/)).toBeNull()
  act(() => vi.advanceTimersByTime(1000))
  expect(screen.getByText(/The host has been told/)).toBeVisible()
  vi.useRealTimers()
})
