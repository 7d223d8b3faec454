import { expect, test, vi } from 'vitest'
import { type ChatHistory, type ChatMessage, PageError } from '@/api/page'
import { aHistory, aMessage } from '@/testing/builders'
import { Chat, MOST_SHOWN, parseMessage } from './chat'

const bytes = (message: unknown) => new TextEncoder().encode(JSON.stringify(message))
const numbered = (...numbers: number[]) => numbers.map((number) => aMessage({ number, message: `${number}` }))
const texts = (chat: Chat) => chat.getSnapshot().messages.map(({ message }) => message)

/** A server that has these messages. */
function start(kept: ChatMessage[] = []) {
  const server = {
    kept,
    read: vi.fn(async (after: number | null): Promise<ChatHistory> => {
      const wanted = server.kept.filter(({ number }) => number > (after ?? 0))
      return { ...aHistory(...wanted.slice(0, 3)), has_more: wanted.length > 3 }
    }),
    say: vi.fn(async (message: string) => aMessage({ number: 1, message, participant_id: 'me' })),
  }
  const chat = new Chat({ read: (after) => server.read(after), say: (message) => server.say(message) })
  return { chat, server }
}

test('who comes later reads everything in parts, and it counts as unread', async () => {
  const { chat, server } = start(numbered(1, 2, 3, 4, 5))
  await chat.refresh()

  expect(texts(chat)).toEqual(['1', '2', '3', '4', '5'])
  expect(server.read.mock.calls.flat()).toEqual([null, 3])
  expect(chat.getSnapshot()).toMatchObject({ unread: 5, isCut: false })
  chat.open()
  expect(chat.getSnapshot().unread).toBe(0)
})

test('what is new is shown once, in order, and unread only when the panel is closed and somebody else wrote it', async () => {
  const { chat, server } = start(numbered(1))
  await chat.refresh()
  chat.noteMe('me')
  chat.receive(bytes(aMessage({ number: 2, message: '2' })))
  chat.receive(bytes(aMessage({ number: 2, message: '2' })))
  chat.receive(bytes(aMessage({ number: 3, message: '3', participant_id: 'me' })))

  expect(texts(chat)).toEqual(['1', '2', '3'])
  expect(chat.getSnapshot().unread).toBe(2)
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

test('another session begins an empty chat', async () => {
  const { chat, server } = start(numbered(1, 2))
  await chat.refresh()
  server.kept = [aMessage({ session_id: 'session-2', number: 1, message: 'new' })]
  server.read.mockImplementation(async (after) =>
    aHistory(...server.kept.filter(({ number }) => number > (after ?? 0))).messages.length > 0
      ? aHistory(...server.kept)
      : { session_id: 'session-2', messages: [], has_more: false },
  )
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
  chat.forgetFailure()
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
