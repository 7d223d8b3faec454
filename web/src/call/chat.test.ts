import { expect, test, vi } from 'vitest'
import { type ChatMessage, type FeedPage, PageError } from '@/api/page'
import { Cell } from '@/lib/store'
import { aHistory, aMessage } from '@/testing/builders'
import { Chat, MOST_SHOWN, parseMessage } from './chat'
import type { SharedStateValue } from './sharedState'

const bytes = (message: unknown) => new TextEncoder().encode(JSON.stringify(message))
const numbered = (...numbers: number[]) => numbers.map((number) => aMessage({ number, message: `${number}` }))
const texts = (chat: Chat) => chat.getSnapshot().messages.map(({ message }) => message)

/** A server that has these messages. */
function start(kept: ChatMessage[] = []) {
  const server = {
    kept,
    read: vi.fn(async (after: number | null): Promise<FeedPage<ChatMessage>> => {
      const wanted = server.kept.filter(({ revision }) => revision > (after ?? 0))
      return { ...aHistory(...wanted.slice(0, 3)), has_more: wanted.length > 3 }
    }),
    say: vi.fn(async (message: string) => aMessage({ number: 1, message, participant_id: 'me' })),
  }
  const state = new Cell<SharedStateValue>({ entries: new Map() })
  const chat = new Chat(
    {
      read: (after) => server.read(after),
      say: (message) => server.say(message),
      remove: async () => true,
      pin: async () => true,
    },
    state,
  )
  return { chat, server, state }
}

test('somebody who comes later reads everything in parts, and none of it counts as unread', async () => {
  const { chat, server } = start(numbered(1, 2, 3, 4, 5))
  await chat.refresh()

  expect(texts(chat)).toEqual(['1', '2', '3', '4', '5'])
  expect(server.read.mock.calls.flat()).toEqual([null, 3])
  expect(chat.getSnapshot()).toMatchObject({ unread: 0, isCut: false })
  chat.receive(bytes(aMessage({ number: 6, message: '6' })))
  expect(chat.getSnapshot().unread).toBe(1)
})

test('what is new is shown once, in order, and unread only when the panel is closed and somebody else wrote it', async () => {
  const { chat, server } = start(numbered(1))
  await chat.refresh()
  chat.noteMe('me')
  chat.receive(bytes(aMessage({ number: 2, message: '2' })))
  chat.receive(bytes(aMessage({ number: 2, message: '2' })))
  chat.receive(bytes(aMessage({ number: 3, message: '3', participant_id: 'me' })))

  expect(texts(chat)).toEqual(['1', '2', '3'])
  expect(chat.getSnapshot().unread).toBe(1)
  chat.open()
  chat.receive(bytes(aMessage({ number: 4, message: '4' })))
  expect(chat.getSnapshot().unread).toBe(0)
  expect(server.read).toHaveBeenCalledOnce()
})

test('a missing number is asked for', async () => {
  const { chat, server } = start(numbered(1))
  await chat.refresh()
  server.kept = numbered(1, 2, 3)
  chat.receive(bytes(aMessage({ number: 3, message: '3' })))

  await vi.waitFor(() => expect(texts(chat)).toEqual(['1', '2', '3']))
})

test('a message that is changed later is changed in its place, and is no news', async () => {
  const { chat, server } = start(numbered(1, 2, 3))
  await chat.refresh()
  const value = aMessage({ number: 1, revision: 4, message: 'changed' })
  const where = { feed: 'chat', session_id: 'session-1', generation: 0, number: 4 }
  chat.receiveChange(bytes({ ...where, feed: 'state', entries: [] }))
  chat.receiveChange(bytes({ ...where, entries: [{ number: 4, key: '1', value }] }))

  expect(texts(chat)).toEqual(['changed', '2', '3'])
  expect(chat.getSnapshot().unread).toBe(0)
  chat.receive(bytes(aMessage({ number: 4, revision: 5, message: '4' })))
  expect(texts(chat)).toEqual(['changed', '2', '3', '4'])
  expect(server.read).toHaveBeenCalledOnce()
})

test('another session begins an empty chat', async () => {
  const { chat, server } = start(numbered(1, 2))
  await chat.refresh()
  server.kept = [aMessage({ session_id: 'session-2', number: 1, message: 'new' })]
  server.read.mockImplementation(async (after) => ({
    ...aHistory(...server.kept.filter(({ number }) => number > (after ?? 0))),
    session_id: 'session-2',
  }))
  await chat.refresh()

  expect(texts(chat)).toEqual(['new'])
})

test('an own message is shown when the server has kept it, also when its packet comes first', async () => {
  const { chat } = start()
  await chat.refresh()
  const sent = chat.say('hello')
  expect(chat.getSnapshot().isSending).toBe(true)
  expect(await chat.say('at the same time')).toBe(false)
  chat.receive(bytes(aMessage({ number: 1, message: 'hello', participant_id: 'me' })))

  expect(await sent).toBe(true)
  expect(texts(chat)).toEqual(['hello'])
  expect(chat.getSnapshot()).toMatchObject({ isSending: false, failure: null })
  expect(chat.isMine(aMessage({ participant_id: 'me' }))).toBe(true)
})

test('a message that is not sent is told, with the reason', async () => {
  const { chat, server } = start()
  server.say.mockRejectedValueOnce(new PageError('offline'))
  expect(await chat.say('hello')).toBe(false)
  expect(chat.getSnapshot()).toMatchObject({ isSending: false, failure: 'failed' })
  server.say.mockRejectedValueOnce(new PageError('too_many_requests', 1))
  expect(await chat.say('hello')).toBe(false)
  expect(chat.getSnapshot().failure).toBe('too_fast')
  chat.write('hello!')
  expect(chat.getSnapshot().failure).toBeNull()
})

test('a reading that fails leaves what is there, and the next one brings the rest', async () => {
  const { chat, server } = start(numbered(1))
  await chat.refresh()
  server.kept = numbered(1, 2)
  server.read.mockRejectedValueOnce(new PageError('offline'))
  await chat.refresh()
  expect(texts(chat)).toEqual(['1'])
  await chat.refresh()
  expect(texts(chat)).toEqual(['1', '2'])
})

test('only so many are shown, and that earlier ones are not is known', async () => {
  const { chat, server } = start()
  server.read.mockResolvedValueOnce(aHistory(...numbered(...Array.from({ length: MOST_SHOWN }, (_, at) => at + 1))))
  await chat.refresh()
  expect(chat.getSnapshot().isCut).toBe(false)
  chat.receive(bytes(aMessage({ number: MOST_SHOWN + 1, message: 'one more' })))

  expect(chat.getSnapshot().messages).toHaveLength(MOST_SHOWN)
  expect(chat.getSnapshot()).toMatchObject({ isCut: true })
  expect(texts(chat).at(-1)).toBe('one more')
})

test('what is no message of the server is nothing', () => {
  const { session_id: _, ...without } = aMessage()
  for (const wrong of [
    null,
    1,
    'text',
    [],
    {},
    without,
    aMessage({ number: 'x' as never }),
    { ...aMessage(), role: 'x' },
  ]) {
    expect(parseMessage(bytes(wrong))).toBeNull()
  }
  expect(parseMessage(new Uint8Array([0xff, 0x00]))).toBeNull()
  expect(parseMessage(bytes(aMessage()))).toEqual(aMessage())
})

test('what is begun stays until it is sent', async () => {
  const { chat, server } = start()
  chat.write('hello')
  chat.close()
  chat.open()
  expect(chat.getSnapshot().draft).toBe('hello')
  server.say.mockRejectedValueOnce(new PageError('offline'))
  await chat.say('hello')
  expect(chat.getSnapshot().draft).toBe('hello')
  await chat.say('hello')
  expect(chat.getSnapshot().draft).toBe('')
})

test('the pinned message is the one of the shared state; anything else is none', () => {
  const { chat, state } = start()
  const value = { number: 3, name: 'Grace', message: 'Agenda', by: null }
  state.update({ entries: new Map([['pinned', value]]) })
  expect(chat.getSnapshot().pinned).toEqual({ number: 3, name: 'Grace', message: 'Agenda' })
  state.update({ entries: new Map([['pinned', 'nonsense']]) })
  expect(chat.getSnapshot().pinned).toBeNull()
})

test('a message that is removed keeps its place, loses its text and is no news', async () => {
  const { chat, server } = start(numbered(1, 2))
  await chat.refresh()
  server.kept = [aMessage({ number: 2, message: '2' }), aMessage({ message: '', is_removed: true, revision: 3 })]
  await chat.refresh()
  expect(texts(chat)).toEqual(['', '2'])
  expect(chat.getSnapshot()).toMatchObject({ unread: 0, news: null })
})

test('everything is read for keeping, in the order of writing, each message once', async () => {
  const { chat, server } = start([
    ...numbered(2, 3, 4, 5),
    aMessage({ number: 1, message: '', is_removed: true, revision: 6 }),
  ])
  expect((await chat.readAll()).map(({ number }) => number)).toEqual([1, 2, 3, 4, 5])
  expect(server.read.mock.calls.flat()).toEqual([0, 4])
})
