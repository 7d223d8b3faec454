import { act, fireEvent, screen } from '@testing-library/react'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { renderPage } from '@/testing/render'
import { placeBeside, Tooltip } from './Tooltip'

beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }))
afterEach(() => vi.useRealTimers())

const pass = (ms: number) => act(() => vi.advanceTimersByTime(ms))

async function show() {
  const onPointerEnter = vi.fn()
  await renderPage(
    <Tooltip text="Mute microphone" shortcut="M">
      <button type="button" onPointerEnter={onPointerEnter}>
        icon
      </button>
    </Tooltip>,
  )
  // Long after any other text was seen.
  pass(10_000)
  return { button: screen.getByRole('button'), onPointerEnter }
}

test('a pointer that rests on the control brings its name, which can be pointed at and goes with it', async () => {
  const { button, onPointerEnter } = await show()
  fireEvent.pointerEnter(button, { pointerType: 'mouse' })
  expect(onPointerEnter).toHaveBeenCalledOnce()
  pass(400)
  expect(screen.queryByText('Mute microphone')).toBeNull()
  pass(200)
  const text = screen.getByText('Mute microphone')
  expect(text).toHaveTextContent('Mute microphoneM')

  fireEvent.pointerLeave(button)
  pass(50)
  fireEvent.pointerEnter(text)
  pass(1000)
  expect(text).toBeVisible()
  fireEvent.pointerLeave(text)
  pass(200)
  expect(screen.queryByText('Mute microphone')).toBeNull()
})

test('a finger brings none, and a press puts it away', async () => {
  const { button } = await show()
  fireEvent.pointerEnter(button, { pointerType: 'touch' })
  pass(1000)
  expect(screen.queryByText('Mute microphone')).toBeNull()

  fireEvent.pointerEnter(button, { pointerType: 'mouse' })
  pass(600)
  fireEvent.pointerDown(button)
  expect(screen.queryByText('Mute microphone')).toBeNull()
})

test('the keyboard brings it at once, and Escape puts it away', async () => {
  const { button } = await show()
  act(() => button.focus())
  pass(1)
  expect(screen.getByText('Mute microphone')).toBeVisible()

  fireEvent.keyDown(button, { key: 'Escape' })
  expect(screen.queryByText('Mute microphone')).toBeNull()
  expect(screen.getByRole('button')).toHaveFocus()
})

const WINDOW = { innerWidth: 400, innerHeight: 300 }
const box = (left: number, top: number, width: number, height: number) => ({
  left,
  top,
  width,
  height,
  bottom: top + height,
})

test.each([
  ['over the middle', box(180, 200, 40, 40), 'top', { x: 150, y: 168 }],
  ['under it where there is no room above', box(180, 10, 40, 40), 'top', { x: 150, y: 58 }],
  ['over it where there is no room below', box(180, 250, 40, 40), 'bottom', { x: 150, y: 218 }],
  ['not over the edge', box(0, 200, 40, 40), 'top', { x: 8, y: 168 }],
  ['nor the other one', box(370, 200, 30, 40), 'bottom', { x: 292, y: 248 }],
] as const)('it stands %s', (_, control, side, place) => {
  expect(placeBeside(control, box(0, 0, 100, 24), side, WINDOW)).toEqual(place)
})
