import { screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { beforeEach, expect, test, vi } from 'vitest'
import { aHistory, aMessage, aPerson } from '@/testing/builders'
import { FakeCall } from '@/testing/fakeCall'
import { accessibilityFaults, renderPage } from '@/testing/render'
import { Stage } from './Stage'

const LINK = 'https://meet.example/123456789012'

beforeEach(() => {
  vi.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(1248)
  vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(640)
})

function show(call: FakeCall, { hasChat = true } = {}) {
  return renderPage(
    <Stage
      call={call.asCall()}
      roomName="Weekly"
      guestLink={LINK}
      microphoneChoices={null}
      cameraChoices={null}
      hasChat={hasChat}
      renderChat={(onClose) => (
        <aside>
          Chat is open{' '}
          <button type="button" onClick={onClose}>
            Shut
          </button>
        </aside>
      )}
      renderWaiting={(isListOpen, onShow) => (
        <button type="button" onClick={onShow}>
          {isListOpen ? 'List is open' : 'Show who waits'}
        </button>
      )}
      renderPeople={(participants, onClose) => (
        <aside>
          {participants.length} in the list{' '}
          <button type="button" onClick={onClose}>
            Shut
          </button>
        </aside>
      )}
    />,
  )
}

test('alone, one is told so and can copy the link', async () => {
  const user = userEvent.setup()
  await show(new FakeCall())

  expect(screen.getAllByTestId('tile')).toHaveLength(1)
  expect(screen.getByRole('heading', { name: 'You are the only one here' })).toBeVisible()
  await user.click(screen.getAllByRole('button', { name: 'Copy guest link' })[0] as HTMLElement)
  await waitFor(async () => expect(await navigator.clipboard.readText()).toBe(LINK))
  expect(screen.getAllByText('Link copied')[0]).toBeVisible()
})

test('where copying is refused the link is shown', async () => {
  const user = userEvent.setup()
  vi.spyOn(navigator.clipboard, 'writeText').mockRejectedValue(new DOMException('no', 'NotAllowedError'))
  await show(new FakeCall())
  await user.click(screen.getAllByRole('button', { name: 'Copy guest link' })[0] as HTMLElement)

  expect(await screen.findByText(LINK)).toBeVisible()
})

test('buttons and keys turn microphone and camera off and on', async () => {
  const call = new FakeCall()
  await show(call)
  await userEvent.click(screen.getByRole('button', { name: 'Turn off microphone' }))
  await userEvent.click(screen.getByRole('button', { name: 'Turn off camera' }))
  await userEvent.keyboard('mv')

  expect(call.asked).toEqual(['microphone off', 'camera off', 'microphone on', 'camera on'])
  expect(screen.getByRole('button', { name: 'Turn off microphone' })).toHaveAttribute('aria-keyshortcuts', 'M')
})

test('leaving leaves', async () => {
  const call = new FakeCall()
  await show(call)
  await userEvent.click(screen.getByRole('button', { name: 'Leave' }))

  expect(call.asked).toEqual(['leave'])
})

test('a guest cannot end the meeting', async () => {
  await show(new FakeCall({ role: 'guest' }))

  expect(screen.queryByRole('button', { name: 'End for all' })).toBeNull()
})

test('the host ends the meeting after a question', async () => {
  const call = new FakeCall({ role: 'owner' })
  await show(call)
  await userEvent.click(screen.getByRole('button', { name: 'End for all' }))
  const dialog = await screen.findByRole('alertdialog', { name: 'End the meeting for everyone?' })
  expect(call.asked).toEqual([])

  await userEvent.click(within(dialog).getByRole('button', { name: 'End for all' }))
  expect(call.asked).toEqual(['end for all'])
})

test('an ending that fails is told, and the meeting goes on', async () => {
  const call = new FakeCall({ role: 'owner' })
  call.endForAll = () => Promise.reject(new Error('no'))
  await show(call)
  await userEvent.click(screen.getByRole('button', { name: 'End for all' }))
  const dialog = await screen.findByRole('alertdialog')
  await userEvent.click(within(dialog).getByRole('button', { name: 'End for all' }))

  expect(await within(dialog).findByRole('alert')).toHaveTextContent('could not be ended')
  await userEvent.click(within(dialog).getByRole('button', { name: 'Cancel' }))
  await waitFor(() => expect(screen.queryByRole('alertdialog')).toBeNull())
})

test('a connection that is being restored is told', async () => {
  const call = new FakeCall({ connection: { phase: 'interrupted', attempt: 0, since: 0, lostAt: 0 } })
  await show(call)

  expect(screen.getByTestId('connection-banner')).toHaveTextContent('Reconnecting')
})

test('a device problem is explained and can be put away', async () => {
  const call = new FakeCall({ camera: { isOn: false, isBusy: false, problem: 'in_use' } })
  await show(call)
  expect(screen.getByText('The camera cannot be started')).toBeVisible()

  await userEvent.click(screen.getByRole('button', { name: 'Dismiss' }))
  expect(call.asked).toEqual(['dismiss camera'])
  expect(screen.queryByText('The camera cannot be started')).toBeNull()
})

test('the list of people opens, and Escape closes it', async () => {
  await show(new FakeCall())
  await userEvent.click(screen.getByRole('button', { name: 'People' }))
  expect(screen.getByText(/1 in the list/)).toBeVisible()

  await userEvent.keyboard('{Escape}')
  expect(screen.queryByText(/1 in the list/)).toBeNull()
})

test('who waits is shown on the button of the people, and leads to the list', async () => {
  const call = new FakeCall({ role: 'owner' })
  call.waiting = [aPerson(), aPerson({ participant_id: 'bob' })]
  await call.waitingList.refresh()
  await show(call)
  expect(screen.getByRole('button', { name: 'People · 2 people are waiting' })).toHaveTextContent('2')

  await userEvent.click(screen.getByRole('button', { name: 'Show who waits' }))
  expect(screen.getByText(/1 in the list/)).toBeVisible()
  expect(screen.getByText('List is open')).toBeVisible()
  call.waitingList.stop()
})

test('chat opens in place of the list of people, and Escape closes it', async () => {
  await show(new FakeCall())
  await userEvent.click(screen.getByRole('button', { name: 'People' }))
  await userEvent.click(screen.getAllByRole('button', { name: 'Chat' })[0] as HTMLElement)
  expect(screen.getByText(/Chat is open/)).toBeVisible()
  expect(screen.queryByText(/1 in the list/)).toBeNull()
  expect(screen.getAllByRole('button', { name: 'Chat' })[0]).toHaveAttribute('aria-pressed', 'true')

  await userEvent.keyboard('{Escape}')
  expect(screen.queryByText(/Chat is open/)).toBeNull()
})

test('how much is unread is on the button', async () => {
  const call = new FakeCall()
  call.history = aHistory(aMessage(), aMessage({ number: 2 }))
  await call.chat.refresh()
  await show(call)

  expect(screen.getAllByRole('button', { name: 'Chat · 2 unread messages' })[0]).toHaveTextContent('2')
})

test('a room without chat has no button for it', async () => {
  await show(new FakeCall(), { hasChat: false })

  expect(screen.queryByRole('button', { name: /Chat/ })).toBeNull()
})

test('axe finds nothing wrong', async () => {
  const { container } = await show(new FakeCall({ role: 'owner' }))

  expect(await accessibilityFaults(container)).toEqual([])
})
