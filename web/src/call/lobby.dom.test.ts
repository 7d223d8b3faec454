import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type LobbyPerson, PageError } from '@/api/page'
import { aPerson } from '@/testing/builders'
import { Lobby, REFRESH_MS } from './lobby'

const ada = aPerson({ participant_id: 'ada', name: 'Ada' })
const bob = aPerson({ participant_id: 'bob', name: 'Bob' })

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function start(listed: LobbyPerson[]) {
  const server = {
    listed,
    list: vi.fn(async () => server.listed),
    admit: vi.fn(async (_id: string) => undefined),
    deny: vi.fn(async (_id: string) => undefined),
  }
  const list = new Lobby(server)
  return { server, list, names: () => list.getSnapshot().people.map(({ name }) => name) }
}

test('the list is asked for again while somebody is on it, and no longer', async () => {
  const { server, list, names } = start([ada])
  await list.refresh()
  expect(names()).toEqual(['Ada'])

  server.listed = []
  await vi.advanceTimersByTimeAsync(REFRESH_MS)
  expect(names()).toEqual([])
  await vi.advanceTimersByTimeAsync(REFRESH_MS * 10)
  expect(server.list).toHaveBeenCalledTimes(2)
})

test('a list that cannot be had is asked for again, and what is shown stays', async () => {
  const { server, list, names } = start([ada])
  await list.refresh()
  server.list.mockRejectedValueOnce(new PageError('offline'))
  await vi.advanceTimersByTimeAsync(REFRESH_MS)
  expect(names()).toEqual(['Ada'])
  await vi.advanceTimersByTimeAsync(REFRESH_MS)
  expect(server.list).toHaveBeenCalledTimes(3)
})

test('a hint that comes while the list is asked for leads to one more question', async () => {
  const { server, list } = start([])
  const first = list.refresh()
  void list.refresh()
  void list.refresh()
  await first
  await vi.advanceTimersByTimeAsync(0)

  expect(server.list).toHaveBeenCalledTimes(2)
})

test('who is answered leaves the list at once, though the server lists them a little longer', async () => {
  const { server, list, names } = start([ada, bob])
  await list.refresh()
  const answered = list.admit('ada')
  expect(names()).toEqual(['Bob'])
  await answered
  await list.refresh()

  expect(names()).toEqual(['Bob'])
  expect(server.admit).toHaveBeenCalledExactlyOnceWith('ada')
  await list.deny('bob')
  expect(server.deny).toHaveBeenCalledExactlyOnceWith('bob')
})

test('an answer that fails brings the person back and says so; somebody who has gone away is no failure', async () => {
  const { server, list, names } = start([ada, bob])
  await list.refresh()
  server.admit.mockRejectedValueOnce(new PageError('offline'))
  await list.admit('ada')
  expect(names()).toEqual(['Ada', 'Bob'])
  expect(list.getSnapshot().hasFailed).toBe(true)

  server.admit.mockRejectedValueOnce(new PageError('unknown_waiting'))
  await list.admit('ada')
  expect(names()).toEqual(['Bob'])
  expect(list.getSnapshot().hasFailed).toBe(false)
})

test('all are let in, who came first, first', async () => {
  const { server, list, names } = start([ada, bob])
  await list.refresh()
  await list.admitAll()

  expect(server.admit.mock.calls).toEqual([['ada'], ['bob']])
  expect(names()).toEqual([])
})

test('when the meeting is over nothing is asked', async () => {
  const { server, list, names } = start([ada])
  await list.refresh()
  list.stop()
  await list.refresh()
  await vi.advanceTimersByTimeAsync(REFRESH_MS * 3)

  expect(names()).toEqual([])
  expect(server.list).toHaveBeenCalledTimes(1)
})
