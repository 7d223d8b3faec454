import { fireEvent, render, screen } from '@testing-library/react'
import { afterEach, expect, test, vi } from 'vitest'
import type { HoldToTalk } from '@/call/holdToTalk'
import { preferences } from '@/lib/preferences'
import { Cell } from '@/lib/store'
import { useHoldToTalk } from './useHoldToTalk'

afterEach(() => preferences.setHoldToTalk(true))

class FakeHold extends Cell<{ isHeld: boolean }> {
  readonly seen: string[] = []
  constructor() {
    super({ isHeld: false })
  }
  press = () => {
    this.seen.push('press')
    this.update({ isHeld: true })
    return true
  }
  release = () => {
    if (this.getSnapshot().isHeld) {
      this.seen.push('release')
      this.update({ isHeld: false })
    }
  }
}

function show() {
  const hold = new FakeHold()
  const Page = () => {
    useHoldToTalk(hold as unknown as HoldToTalk)
    return (
      <>
        <button type="button">Chat</button>
        <input aria-label="Message" />
        <h1 tabIndex={-1}>Meeting</h1>
      </>
    )
  }
  return { hold, ...render(<Page />) }
}

const space = { key: ' ', code: 'Space' }

test('it ends when the key goes up wherever the focus is, whatever else is down', () => {
  const { hold } = show()
  fireEvent.keyDown(document.body, space)
  fireEvent.keyUp(screen.getByLabelText('Message'), { ...space, shiftKey: true, ctrlKey: true })

  expect(hold.seen).toEqual(['press', 'release'])
})

test('it begins on a heading that has the focus, and repeats change nothing but do not scroll', () => {
  const { hold } = show()
  fireEvent.keyDown(screen.getByRole('heading'), space)
  const mayScroll = fireEvent.keyDown(document.body, { ...space, repeat: true })

  expect(hold.seen).toEqual(['press'])
  expect(mayScroll).toBe(false)
})

test.each([
  ['the window loses the focus', () => fireEvent.blur(window)],
  ['the page goes away', () => fireEvent(window, new Event('pagehide'))],
  [
    'the page is hidden',
    () => {
      vi.spyOn(document, 'hidden', 'get').mockReturnValue(true)
      fireEvent(document, new Event('visibilitychange'))
    },
  ],
])('it ends when %s', (_, happens) => {
  const { hold } = show()
  fireEvent.keyDown(document.body, space)
  happens()

  expect(hold.seen).toEqual(['press', 'release'])
})

test('it ends with the meeting', () => {
  const { hold, unmount } = show()
  fireEvent.keyDown(document.body, space)
  unmount()

  expect(hold.seen).toEqual(['press', 'release'])
})

test('a button and a field keep their space', () => {
  const { hold } = show()
  fireEvent.keyDown(screen.getByRole('button'), space)
  fireEvent.keyDown(screen.getByLabelText('Message'), space)
  fireEvent.keyDown(document.body, { ...space, ctrlKey: true })

  expect(hold.seen).toEqual([])
})

test('it can be switched off', () => {
  preferences.setHoldToTalk(false)
  const { hold } = show()
  fireEvent.keyDown(document.body, space)

  expect(hold.seen).toEqual([])
})
