import { act, fireEvent, screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { beforeEach, expect, test, vi } from 'vitest'
import { insideCall } from '@/testing/fakeCall'
import { renderPage } from '@/testing/render'
import { StageChoiceCell } from './choices'
import { StageTiles } from './StageTiles'
import type { StageTile } from './stageTile'

beforeEach(() => {
  vi.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(1248)
  vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(640)
})

const tiles = (count: number): StageTile[] =>
  Array.from({ length: count }, (_, index) => ({
    id: `p${index}`,
    participantId: `p${index}`,
    isLocal: index === 0,
    isLarge: false,
    name: `p${index}`,
    isOwnPicture: index === 0,
    content: <p data-testid="content">{`p${index}`}</p>,
  }))

async function show(shown: StageTile[]) {
  const { call } = await insideCall()
  const choices = new StageChoiceCell()
  const rendered = await renderPage(<StageTiles tiles={shown} speech={call.speech} choices={choices} />)
  return { ...rendered, choices, speech: call.speech }
}

test('everybody who fits is shown, without pages', async () => {
  await show(tiles(25))

  expect(screen.getAllByTestId('content')).toHaveLength(25)
  expect(screen.queryByRole('navigation')).toBeNull()
})

test('more people come on further pages', async () => {
  await show(tiles(60))
  expect(screen.getAllByTestId('content')).toHaveLength(25)
  expect(screen.getByRole('navigation', { name: 'Page 1 of 3' })).toBeVisible()
  expect(screen.getByRole('button', { name: 'Previous page' })).toBeDisabled()

  await userEvent.click(screen.getByRole('button', { name: 'Next page' }))
  await userEvent.click(screen.getByRole('button', { name: 'Next page' }))

  expect(screen.getAllByTestId('content')).toHaveLength(10)
  expect(screen.getByRole('button', { name: 'Next page' })).toBeDisabled()
})

test('what wants the large place gets it, whatever it is, and the people stand beside it', async () => {
  const board: StageTile = {
    id: 'board',
    participantId: null,
    isLocal: false,
    isLarge: true,
    name: 'Board',
    content: <p>Board</p>,
  }
  await show([...tiles(4), board])
  const width = (element: Element) => Number.parseInt((element.closest('[style]') as HTMLElement).style.width, 10)

  expect(width(screen.getByText('Board'))).toBeGreaterThan(900)
  expect(screen.getAllByTestId('content').map(width)).toEqual([240, 240, 240, 240])
})

const shownNames = () => screen.getAllByTestId('content').map(({ textContent }) => textContent)

test('PageUp and PageDown turn pages', async () => {
  await show(tiles(60))
  await userEvent.keyboard('{PageDown}')
  expect(screen.getByRole('navigation', { name: 'Page 2 of 3' })).toBeVisible()
  await userEvent.keyboard('{PageUp}{PageUp}')
  expect(screen.getByRole('navigation', { name: 'Page 1 of 3' })).toBeVisible()
})

test('swiping turns pages', async () => {
  await show(tiles(60))
  const stage = screen.getByRole('region', { name: 'Participants' })
  const swipe = (from: number, to: number) => {
    fireEvent.touchStart(stage, { touches: [{ clientX: from, clientY: 300 }] })
    fireEvent.touchEnd(stage, { changedTouches: [{ clientX: to, clientY: 310 }] })
  }
  swipe(600, 400)
  expect(screen.getByRole('navigation', { name: 'Page 2 of 3' })).toBeVisible()
  swipe(400, 420)
  swipe(400, 600)
  expect(screen.getByRole('navigation', { name: 'Page 1 of 3' })).toBeVisible()
})

test('tiles are one stop of the Tab key, arrow keys lead on, and Enter opens the menu', async () => {
  const user = userEvent.setup()
  const { container } = await show(tiles(9))
  expect(container.querySelectorAll('[data-tile-button][tabindex="0"]')).toHaveLength(1)
  await user.tab()
  expect(document.activeElement).toHaveAccessibleName('Options for p0')
  await user.keyboard('{ArrowRight}')
  expect(document.activeElement).toHaveAccessibleName('Options for p1')
  await user.keyboard('{Enter}')
  await waitFor(() => expect(screen.getByRole('menuitem', { name: 'Pin' })).toHaveFocus())
  await user.keyboard('{Enter}')

  await waitFor(() => expect(shownNames()[0]).toBe('p1'))
  expect(screen.getByText('Pinned')).toBeInTheDocument()
  await waitFor(() => expect(document.activeElement).toHaveAccessibleName('Options for p1'))
  await user.keyboard('{Enter}')
  await user.click(await screen.findByRole('menuitem', { name: 'Unpin' }))
  await waitFor(() => expect(screen.queryByText('Pinned')).toBeNull())
})

test('four can be pinned and a fifth cannot; a pin of somebody who left keeps no place', async () => {
  const { choices } = await show(tiles(9))
  const there = new Set(tiles(9).map(({ id }) => id))
  for (const id of ['p1', 'p2', 'p3', 'p4', 'p5']) {
    act(() => choices.togglePin(id, there))
  }
  expect(choices.getSnapshot().pinned).toEqual(['p1', 'p2', 'p3', 'p4'])
  await userEvent.click(screen.getByRole('button', { name: 'Options for p6' }))
  expect(await screen.findByRole('menuitem', { name: 'Pin' })).toHaveAttribute('aria-disabled', 'true')
  there.delete('p1')
  act(() => choices.togglePin('p5', there))
  expect(choices.getSnapshot().pinned).toEqual(['p2', 'p3', 'p4', 'p5'])
})

test('two people: one’s own picture is small in a corner, which the menu moves or hides', async () => {
  await show(tiles(2))
  const own = () => screen.getByText('p0').closest('[style]') as HTMLElement
  expect(own().style.width).toBe('240px')
  expect(own().style.transform).toBe(`translate(${1248 - 240 - 8}px, ${640 - 135 - 8}px)`)

  await userEvent.click(screen.getByRole('button', { name: 'Options for p0' }))
  await userEvent.click(await screen.findByRole('menuitemradio', { name: 'Top left' }))
  expect(own().style.transform).toBe('translate(8px, 8px)')
  await userEvent.click(screen.getByRole('menuitem', { name: 'Hide my picture' }))
  expect(shownNames()).toEqual(['p1'])
})

test('one’s own picture can be dragged to another corner', async () => {
  const { choices } = await show(tiles(2))
  const own = screen.getByText('p0').closest('[data-corner]') as HTMLElement
  fireEvent.pointerDown(own, { button: 0, clientX: 1100, clientY: 560 })
  fireEvent.pointerMove(own, { clientX: 1100, clientY: 60 })
  fireEvent.pointerUp(own)
  expect(choices.getSnapshot()).toMatchObject({ own: 'corner', corner: 'end-top' })
})

test('of several screens one is looked at; the tabs choose, and two stand side by side', async () => {
  const screens = ['Ada’s screen', 'Bo’s screen'].map(
    (name, index): StageTile => ({
      id: `s${index}`,
      participantId: `p${index + 1}`,
      isLocal: false,
      isLarge: true,
      name,
      screenOf: name.replace('’s screen', ''),
      content: <p data-testid="screen">{name}</p>,
    }),
  )
  await show([...tiles(3), ...screens])
  const seen = () => screen.getAllByTestId('screen').map(({ textContent }) => textContent)
  expect(seen()).toEqual(['Bo’s screen'])
  const tab = screen.getByRole('button', { name: 'Bo’s screen' })
  expect(tab).toHaveAttribute('aria-pressed', 'true')
  expect(tab).toHaveTextContent(/^Bo$/)

  await userEvent.click(screen.getByRole('button', { name: 'Ada’s screen' }))
  expect(seen()).toEqual(['Ada’s screen'])
  await userEvent.click(screen.getByRole('button', { name: 'Side by side' }))
  expect(seen()).toEqual(['Ada’s screen', 'Bo’s screen'])
})

test('in the layout for it, who has spoken for a second is large', async () => {
  const { choices, speech } = await show(tiles(5))
  act(() => choices.update({ layout: 'speaker' }))
  const width = (id: string) =>
    Number.parseInt((screen.getByText(id).closest('[style]') as HTMLElement).style.width, 10)
  expect(width('p1')).toBeGreaterThan(900)
  act(() => speech.update({ heard: new Set(['p3']) }))
  expect(width('p3')).toBeGreaterThan(900)
  expect(width('p1')).toBe(240)
})
