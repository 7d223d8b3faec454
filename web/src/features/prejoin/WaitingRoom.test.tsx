import { screen } from '@testing-library/react'
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
