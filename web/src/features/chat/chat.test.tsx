import { act, screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { beforeEach, expect, test, vi } from 'vitest'
import { PageError } from '@/api/page'
import { Chat } from '@/call/chat'
import { aHistory, aMessage } from '@/testing/builders'
import { accessibilityFaults, renderPage } from '@/testing/render'
import { ChatNews } from './ChatNews'
import { ChatPanel } from './ChatPanel'
import { gatherTurns } from './model'

const MINUTE = 60_000

beforeEach(() => {
  vi.stubGlobal('matchMedia', () => ({ matches: false }))
})

async function aChat(...messages: ReturnType<typeof aMessage>[]) {
  const say = vi.fn(async (message: string) => aMessage({ number: messages.length + 1, message, participant_id: 'me' }))
  const chat = new Chat({ say: (message) => say(message), read: async () => aHistory(...messages) })
  chat.noteMe('me')
  await chat.refresh()
  return { chat, say }
}

async function show(chat: Chat) {
  const onClose = vi.fn()
  return { onClose, ...(await renderPage(<ChatPanel chat={chat} onClose={onClose} />)) }
}

const field = () => screen.getByRole('textbox', { name: 'Message' })

test('an empty chat says so, and the field has the focus', async () => {
  const { chat } = await aChat()
  const { container } = await show(chat)

  expect(screen.getByText('No messages yet')).toBeVisible()
  expect(field()).toHaveFocus()
  expect(screen.getByRole('button', { name: 'Send message' })).toHaveAttribute('aria-disabled', 'true')
  expect(await accessibilityFaults(container)).toEqual([])
})

test('messages show who wrote them and when; own ones and the host are marked', async () => {
  const { chat } = await aChat(
    aMessage({ message: 'Good morning', role: 'owner' }),
    aMessage({ number: 2, message: 'Hello', participant_id: 'me', name: 'Ada' }),
  )
  const { container } = await show(chat)
  const log = within(screen.getByRole('log', { name: 'Messages' }))

  expect(log.getByText('Grace')).toBeVisible()
  expect(log.getByText('Host')).toBeVisible()
  expect(log.getByText('You')).toBeVisible()
  expect(log.queryByText('Ada')).toBeNull()
  expect(container.querySelector('time')).toHaveAttribute('datetime', '2026-11-22T10:00:00.000Z')
  expect(await accessibilityFaults(container)).toEqual([])
})

test('markup is text, and addresses are links that tell nothing of where they came from', async () => {
  const { chat } = await aChat(aMessage({ message: '<img src=x onerror=alert(1)> https://example.org/a.' }))
  const { container } = await show(chat)

  expect(container.querySelector('img')).toBeNull()
  expect(screen.getByText(/<img src=x onerror=alert\(1\)>/)).toBeVisible()
  const link = screen.getByRole('link', { name: 'https://example.org/a' })
  expect(link).toHaveAttribute('target', '_blank')
  expect(link.getAttribute('rel')).toContain('noopener noreferrer')
})

test('Enter sends and empties the field; with Shift it begins a new line', async () => {
  const { chat, say } = await aChat()
  await show(chat)
  await userEvent.type(field(), 'one{Shift>}{Enter}{/Shift}two')
  expect(field()).toHaveValue('one\ntwo')
  await userEvent.keyboard('{Enter}')

  expect(say).toHaveBeenCalledExactlyOnceWith('one\ntwo')
  await waitFor(() => expect(field()).toHaveValue(''))
  expect(field()).toHaveFocus()
  expect(within(screen.getByRole('log')).getByText(/one\s+two/)).toBeVisible()
})

test('nothing but spaces is not sent', async () => {
  const { chat, say } = await aChat()
  await show(chat)
  await userEvent.type(field(), '  {Enter}')

  expect(say).not.toHaveBeenCalled()
})

test('what could not be sent stays in the field, and the person is told', async () => {
  const { chat, say } = await aChat()
  say.mockRejectedValueOnce(new PageError('offline')).mockRejectedValueOnce(new PageError('too_many_requests', 1))
  await show(chat)
  await userEvent.type(field(), 'hello{Enter}')
  expect(await screen.findByRole('alert')).toHaveTextContent('was not sent')
  expect(field()).toHaveValue('hello')

  await userEvent.keyboard('{Enter}')
  expect(await screen.findByRole('alert')).toHaveTextContent('a little fast')
  await userEvent.type(field(), '!')
  expect(screen.queryByRole('alert')).toBeNull()
})

test('how much room is left is told when there is little', async () => {
  const { chat } = await aChat()
  await show(chat)
  await userEvent.click(field())
  await userEvent.paste('x'.repeat(1990))
  expect(screen.getByRole('status')).toHaveTextContent('10 characters left')
  expect(field()).toHaveAttribute('maxlength', '2000')
})

test('opening reads everything, and Escape closes, from the field too', async () => {
  const { chat } = await aChat(aMessage())
  expect(chat.getSnapshot().unread).toBe(1)
  const { onClose, unmount } = await show(chat)
  expect(chat.getSnapshot()).toMatchObject({ unread: 0, isOpen: true })

  await userEvent.keyboard('{Escape}')
  expect(onClose).toHaveBeenCalledOnce()
  unmount()
  expect(chat.getSnapshot().isOpen).toBe(false)
})

test('while the panel is closed it is read out that somebody wrote, and not what', async () => {
  const { chat } = await aChat()
  await renderPage(<ChatNews chat={chat} />)
  expect(screen.getByRole('status')).toHaveTextContent('')
  const bytes = new TextEncoder().encode(JSON.stringify(aMessage({ message: 'secret' })))
  await act(async () => chat.receive(bytes))

  expect(screen.getByRole('status')).toHaveTextContent('Grace wrote in the chat')
  act(() => chat.open())
  expect(screen.getByRole('status')).toHaveTextContent('')
})

test('what one person writes within five minutes stands together', () => {
  const at = (number: number, minutes: number, participant = 'grace') =>
    aMessage({ number, timestamp: minutes * MINUTE, participant_id: participant, name: participant })
  const turns = gatherTurns(
    [at(1, 0), at(2, 4), at(3, 8), at(4, 14), at(5, 14, 'ada'), at(6, 14)],
    (message) => message.participant_id === 'ada',
  )

  expect(turns.map(({ id, isMine, messages }) => [id, isMine, messages.length])).toEqual([
    [1, false, 3],
    [4, false, 1],
    [5, true, 1],
    [6, false, 1],
  ])
})
