import { act, screen, waitFor } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { beforeEach, expect, test, vi } from 'vitest'
import { PageError } from '@/api/page'
import { Lobby } from '@/call/lobby'
import { announcer } from '@/lib/announcer'
import { aPerson } from '@/testing/builders'
import { accessibilityFaults, renderPage } from '@/testing/render'
import { LobbyBar } from './LobbyBar'
import { LobbySection } from './LobbySection'

beforeEach(() => announcer.clear())

async function aList(...names: string[]) {
  const server = {
    people: names.map((name) => aPerson({ participant_id: name.toLowerCase(), name })),
    admit: vi.fn(async (_id: string) => undefined),
    deny: vi.fn(async (_id: string) => undefined),
  }
  const list = new Lobby({ list: async () => server.people, admit: server.admit, deny: server.deny })
  await list.refresh()
  return { list, server }
}

async function showBar(list: Lobby, isListOpen = false) {
  const props = { onShow: vi.fn(), onDone: vi.fn() }
  return { ...props, ...(await renderPage(<LobbyBar list={list} isListOpen={isListOpen} {...props} />)) }
}

test('one person is named, read out politely, and let in with the keyboard; the focus is not lost', async () => {
  const { list, server } = await aList('Ada')
  const { container, onDone } = await showBar(list)

  expect(announcer.getSnapshot().polite.text).toBe('Ada would like to come in')
  expect(await accessibilityFaults(container)).toEqual([])
  await userEvent.tab()
  expect(screen.getByRole('button', { name: 'Deny Ada' })).toHaveFocus()
  await userEvent.tab()
  await userEvent.keyboard('{Enter}')

  expect(server.admit).toHaveBeenCalledExactlyOnceWith('ada')
  expect(screen.queryByRole('region')).toBeNull()
  expect(onDone).toHaveBeenCalledOnce()
})

test('several are counted, let in together, or shown one by one', async () => {
  const { list, server } = await aList('Ada', 'Bob', 'Cem')
  const { onShow } = await showBar(list)
  expect(announcer.getSnapshot().polite.text).toBe('3 people are waiting')

  await userEvent.click(screen.getByRole('button', { name: 'Show' }))
  expect(onShow).toHaveBeenCalledOnce()
  await userEvent.click(screen.getByRole('button', { name: 'Admit all' }))
  await waitFor(() => expect(server.admit.mock.calls.flat()).toEqual(['ada', 'bob', 'cem']))
})

test('while the list is open the bar only speaks; who comes is read out', async () => {
  const { list, server } = await aList()
  await showBar(list, true)
  server.people = [aPerson()]
  await act(() => list.refresh())

  expect(announcer.getSnapshot().polite.text).toBe('Grace would like to come in')
  expect(screen.queryByRole('button')).toBeNull()
})

test('the list has everybody by name, each with their answer', async () => {
  const { list, server } = await aList('Ada', 'Bob', 'Cem')
  const { container } = await renderPage(<LobbySection list={list} />)

  expect(screen.getByRole('heading', { name: '3 people are waiting' })).toBeVisible()
  expect(await accessibilityFaults(container)).toEqual([])
  await userEvent.click(screen.getByRole('button', { name: 'Deny Bob' }))
  expect(server.deny).toHaveBeenCalledExactlyOnceWith('bob')
  expect(screen.getByRole('heading', { name: '2 people are waiting' })).toHaveFocus()
  expect(screen.getAllByRole('listitem').map((row) => row.textContent)).toEqual(['AAda', 'CCem'])

  await userEvent.click(screen.getByRole('button', { name: 'Admit all' }))
  await waitFor(() => expect(server.admit.mock.calls.flat()).toEqual(['ada', 'cem']))
  expect(screen.queryByRole('listitem')).toBeNull()
})

test('an answer that does not arrive is told, and the person is still there', async () => {
  const { list, server } = await aList('Ada')
  server.admit.mockRejectedValue(new PageError('offline'))
  await renderPage(<LobbySection list={list} />)
  await userEvent.click(screen.getByRole('button', { name: 'Admit Ada' }))

  expect(await screen.findByRole('alert')).toHaveTextContent('did not work')
  expect(screen.getByRole('button', { name: 'Admit Ada' })).toBeVisible()
})
