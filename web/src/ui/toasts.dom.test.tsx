import { act, fireEvent, render, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { announcer } from '@/lib/announcer'
import { accessibilityFaults } from '@/testing/render'
import { ToastPlace } from './ToastPlace'
import { type Toast, toasts, useToast } from './toasts'

beforeEach(() => {
  vi.useFakeTimers()
  announcer.clear()
})
afterEach(() => {
  vi.useRealTimers()
})

function place() {
  return render(
    <>
      <h1 tabIndex={-1}>Meeting</h1>
      <ToastPlace words={{ label: 'Notifications', dismiss: 'Dismiss' }} />
    </>,
  )
}

const show = (toast: Toast) => act(() => toasts.show(toast))
const later = (milliseconds: number) => act(() => vi.advanceTimersByTime(milliseconds))
const shown = () => screen.queryAllByTestId('toast').map(({ textContent }) => textContent)

test('at most two are there, the newest last; one with the same id takes the place of the other', () => {
  place()
  const onGone = vi.fn()
  show({ id: 'a', text: 'one', onGone })
  show({ id: 'b', text: 'two' })
  show({ id: 'b', text: 'three' })
  expect(shown()).toEqual(['one', 'three'])
  show({ id: 'c', text: 'four' })
  expect(shown()).toEqual(['three', 'four'])
  expect(onGone).toHaveBeenCalledOnce()
})

test('one goes after five seconds, one with a button after ten', () => {
  place()
  show({ id: 'a', text: 'one' })
  show({ id: 'b', text: 'two', button: { label: 'Do', onPress: () => undefined } })
  later(4999)
  expect(shown()).toHaveLength(2)
  later(1)
  expect(screen.queryByText('one')).toBeNull()
  later(5000)
  expect(shown()).toEqual([])
  expect(screen.queryByRole('region')).toBeNull()
})

test('they stay while somebody points at one or has the focus there', () => {
  place()
  show({ id: 'a', text: 'one', button: { label: 'Do', onPress: () => undefined } })
  fireEvent.pointerEnter(screen.getByRole('region'))
  later(60_000)
  expect(shown()).toHaveLength(1)
  act(() => screen.getByRole('button', { name: 'Do' }).focus())
  fireEvent.pointerLeave(screen.getByRole('region'))
  later(60_000)
  expect(shown()).toHaveLength(1)
  act(() => screen.getByRole('heading').focus())
  later(10_000)
  expect(shown()).toEqual([])
})

test('a press acts, takes the toast away, and does not lose the focus', async () => {
  const { container } = place()
  const onPress = vi.fn()
  const onGone = vi.fn()
  show({ id: 'a', text: 'one', button: { label: 'Do', onPress }, onGone })
  vi.useRealTimers()
  expect(await accessibilityFaults(container)).toEqual([])
  await userEvent.click(screen.getByRole('button', { name: 'Do' }))
  expect(onPress).toHaveBeenCalledOnce()
  expect(onGone).not.toHaveBeenCalled()
  expect(shown()).toEqual([])
  expect(screen.getByRole('heading')).toHaveFocus()

  show({ id: 'a', text: 'one', button: { label: 'Do', onPress }, onGone })
  await userEvent.click(screen.getByRole('button', { name: 'Dismiss' }))
  expect(onGone).toHaveBeenCalledOnce()
})

test('each is read out; what is urgent interrupts', () => {
  place()
  show({ id: 'a', text: 'Ada', detail: 'secret', spoken: 'Ada wrote' })
  expect(announcer.getSnapshot().polite.text).toBe('Ada wrote')
  show({ id: 'b', text: 'Grace muted you', isUrgent: true })
  expect(announcer.getSnapshot().assertive.text).toBe('Grace muted you')
})

test('a reason that ends takes its toast away', () => {
  place()
  const onGone = vi.fn()
  function Feature({ isTold }: { isTold: boolean }) {
    useToast(isTold ? { id: 'a', text: 'one', onGone } : null)
    return null
  }
  const { rerender } = render(<Feature isTold />)
  expect(shown()).toEqual(['one'])
  rerender(<Feature isTold={false} />)
  expect(shown()).toEqual([])
  expect(onGone).not.toHaveBeenCalled()
  rerender(<Feature isTold />)
  later(5000)
  expect(onGone).toHaveBeenCalledOnce()
})
