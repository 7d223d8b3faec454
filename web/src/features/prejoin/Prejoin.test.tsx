import { act, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, test, vi } from 'vitest'
import type { DeviceProblem } from '@/call/deviceProblem'
import { Preview } from '@/call/preview'
import { aLookup, aRoom } from '@/testing/builders'
import { accessibilityFaults, renderPage } from '@/testing/render'
import { Prejoin, type PrejoinProps } from './Prejoin'

function aPreview(problem: DeviceProblem | null = null): Preview {
  const preview = new Preview({ microphoneOn: true, cameraOn: true, deviceId: () => null, onOpened: () => undefined })
  if (problem !== null) {
    const input = { isOn: false, isOpening: false, track: null, problem }
    preview.update({ microphone: input, camera: input, isAsleep: false, asking: null, asksLong: false })
  }
  return preview
}

async function show(change: Partial<PrejoinProps> = {}) {
  const props: PrejoinProps = {
    lookup: aLookup({ participants: 3 }),
    preview: aPreview(),
    initialName: '',
    isJoining: false,
    failure: null,
    onJoin: vi.fn(),
    onTurn: vi.fn(),
    devicePicker: null,
    ...change,
  }
  return { props, ...(await renderPage(<Prejoin {...props} />)) }
}

test('a name and Enter join the meeting', async () => {
  const { props } = await show()
  await userEvent.type(screen.getByLabelText('Your name'), '  Ada Lovelace {Enter}')

  expect(props.onJoin).toHaveBeenCalledExactlyOnceWith('Ada Lovelace')
})

test('without a name the field says so and takes the focus', async () => {
  const { props } = await show()
  await userEvent.click(screen.getByRole('button', { name: 'Join meeting' }))

  expect(props.onJoin).not.toHaveBeenCalled()
  expect(screen.getByLabelText('Your name')).toHaveFocus()
  expect(screen.getByLabelText('Your name')).toHaveAccessibleDescription('Please enter your name.')
})

test('the name from last time is there, and no name is longer than 64 characters', async () => {
  await show({ initialName: 'Ada' })

  expect(screen.getByLabelText('Your name')).toHaveValue('Ada')
  await userEvent.type(screen.getByLabelText('Your name'), 'x'.repeat(80))
  expect((screen.getByLabelText('Your name') as HTMLInputElement).value).toHaveLength(64)
})

test('it says which meeting this is, how many are inside, and who is host', async () => {
  await show({ lookup: aLookup({ role: 'owner', participants: 1, room: aRoom({ display_name: 'Board' }) }) })

  expect(screen.getByRole('heading', { name: 'Board' })).toBeVisible()
  expect(screen.getByText('1 person is inside')).toBeVisible()
  expect(screen.getByText('You join as host')).toBeVisible()
})

test('a name in markup is text', async () => {
  const { container } = await show({
    lookup: aLookup({ room: aRoom({ display_name: '<img src=x onerror=alert(1)>' }) }),
  })

  expect(screen.getByRole('heading')).toHaveTextContent('<img src=x onerror=alert(1)>')
  expect(container.querySelector('img')).toBeNull()
})

test('a refused permission is explained, can be tried again, and does not keep anybody out', async () => {
  const { props } = await show({ preview: aPreview('denied'), initialName: 'Ada' })

  expect(screen.getByRole('note')).toHaveTextContent('Your browser does not allow camera and microphone')
  await userEvent.click(screen.getByRole('button', { name: 'Try again' }))
  expect(props.onTurn).toHaveBeenCalledWith('microphone', true)
  expect(props.onTurn).toHaveBeenCalledWith('camera', true)

  await userEvent.click(screen.getByRole('button', { name: 'Join meeting' }))
  expect(props.onJoin).toHaveBeenCalledWith('Ada')
})

test('with different trouble for camera and microphone, joining without them is offered once', async () => {
  const preview = aPreview()
  const input = { isOn: false, isOpening: false, track: null }
  preview.update({
    microphone: { ...input, problem: 'denied' },
    camera: { ...input, problem: 'not_found' },
    isAsleep: false,
    asking: null,
    asksLong: false,
  })
  await show({ preview })

  expect(screen.getAllByRole('button', { name: 'Try again' })).toHaveLength(2)
  expect(screen.getAllByText(/You can join without camera and microphone/)).toHaveLength(1)
})

test.each([
  ['microphone', 'Your browser asks for the microphone. Choose Allow.'],
  ['camera', 'Your browser asks for the camera. Choose Allow.'],
  ['both', 'Your browser asks for camera and microphone. Choose Allow.'],
] as const)('while the browser asks for %s that is said, and after a while where to look', async (asking, words) => {
  const preview = aPreview()
  preview.update({ isAsleep: false, asking })
  await show({ preview })
  expect(screen.getByText(words)).toBeVisible()
  expect(screen.queryByText(/address bar/)).toBeNull()

  act(() => preview.update({ asksLong: true }))
  expect(screen.getByText('No question? Look for a camera symbol in the address bar.')).toBeVisible()
})

test('a room in which people start muted says so, until somebody unmutes', async () => {
  const room = aRoom({ initial_join_options: { microphone_state: 'off' } })
  const preview = aPreview()
  preview.update({ microphone: { isOn: false, isOpening: false, track: null, problem: null } })
  await show({ preview, lookup: aLookup({ room }) })
  expect(screen.getByText('You start muted')).toBeVisible()

  act(() => preview.update({ microphone: { isOn: true, isOpening: false, track: null, problem: null } }))
  expect(screen.queryByText('You start muted')).toBeNull()
})

test('the buttons turn devices on and off', async () => {
  const { props } = await show()
  await userEvent.click(screen.getByRole('button', { name: 'Mute microphone' }))
  await userEvent.click(screen.getByRole('button', { name: 'Turn camera off' }))

  expect(props.onTurn).toHaveBeenNthCalledWith(1, 'microphone', false)
  expect(props.onTurn).toHaveBeenNthCalledWith(2, 'camera', false)
})

test('nothing starts by itself where the preview sleeps, as inside a frame', async () => {
  const preview = aPreview()
  const start = vi.spyOn(preview, 'start').mockResolvedValue()
  await show({ preview })
  expect(start).not.toHaveBeenCalled()

  await userEvent.click(screen.getByRole('button', { name: 'Turn on camera and microphone' }))
  expect(start).toHaveBeenCalledOnce()
})

test('while joining there is no second press', async () => {
  await show({ isJoining: true, initialName: 'Ada' })

  expect(screen.getByRole('button', { name: 'Joining…' })).toBeDisabled()
})

test('a failure that can pass is told beside the button', async () => {
  await show({ failure: 'unavailable', initialName: 'Ada' })

  expect(screen.getByRole('note')).toHaveTextContent('The meeting could not be reached')
  expect(screen.getByRole('button', { name: 'Join meeting' })).toBeEnabled()
})

test.each(['en', 'ar'] as const)('axe finds nothing wrong (%s)', async (language) => {
  const props = { preview: aPreview('not_found'), failure: 'unavailable' as const }
  const { container } = await renderPage(
    <Prejoin
      lookup={aLookup()}
      initialName=""
      isJoining={false}
      onJoin={() => undefined}
      onTurn={() => undefined}
      devicePicker={null}
      {...props}
    />,
    language,
  )

  expect(await accessibilityFaults(container)).toEqual([])
})
