import { act, screen, waitFor, within } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { beforeEach, expect, test, vi } from 'vitest'
import { PageError } from '@/api/page'
import { Chat } from '@/call/chat'
import type { SharedStateValue } from '@/call/sharedState'
import { announcer } from '@/lib/announcer'
import { Cell } from '@/lib/store'
import { aHistory, aMessage } from '@/testing/builders'
import { accessibilityFaults, renderPage } from '@/testing/render'
import { SidePanel } from '@/ui/SidePanel'
import { ToastPlace } from '@/ui/ToastPlace'
import { ChatNews } from './ChatNews'
import { useChatPanel } from './ChatPanel'
import { chatTable } from './ExportButton'
import { gatherTurns } from './model'

const MINUTE = 60_000

beforeEach(() => {
  announcer.clear()
  vi.stubGlobal('matchMedia', () => ({ matches: false }))
})

async function aChat(...messages: ReturnType<typeof aMessage>[]) {
  const say = vi.fn(async (message: string) => aMessage({ number: messages.length + 1, message, participant_id: 'me' }))
  const remove = vi.fn(async () => true)
  const pin = vi.fn(async () => true)
  const state = new Cell<SharedStateValue>({ entries: new Map() })
  const chat = new Chat({ say: (message) => say(message), read: async () => aHistory(...messages), remove, pin }, state)
  chat.noteMe('me')
  await chat.refresh()
  return { chat, say, remove, pin, state }
}

interface ShownProps {
  chat: Chat
  canWrite?: boolean
  isHost?: boolean
  onClose: () => void
}

function ChatPanel({ chat, canWrite = true, isHost = false, onClose }: ShownProps) {
  return <SidePanel panel={useChatPanel(chat, { canWrite, isHost })} closeLabel="Close" onClose={onClose} />
}

async function show(chat: Chat, isHost = false) {
  const onClose = vi.fn()
  return { onClose, ...(await renderPage(<ChatPanel chat={chat} isHost={isHost} onClose={onClose} />)) }
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
  expect(await screen.findByText(/was not sent/)).toBeVisible()
  expect(announcer.getSnapshot().polite.text).toContain('was not sent')
  expect(field()).toHaveValue('hello')

  await userEvent.keyboard('{Enter}')
  expect(await screen.findByText(/a little fast/)).toBeVisible()
  await userEvent.type(field(), '!')
  expect(screen.queryByText(/a little fast/)).toBeNull()
})

test('how much room is left is told when there is little', async () => {
  const { chat } = await aChat()
  await show(chat)
  await userEvent.click(field())
  await userEvent.paste('x'.repeat(1990))
  expect(screen.getByText('10 characters left')).toBeVisible()
  expect(announcer.getSnapshot().polite.text).toBe('10 characters left')
  expect(field()).toHaveAttribute('maxlength', '2000')
})

test('opening reads everything, and Escape closes, from the field too', async () => {
  const { chat } = await aChat()
  chat.receive(new TextEncoder().encode(JSON.stringify(aMessage())))
  expect(chat.getSnapshot().unread).toBe(1)
  const { onClose, unmount } = await show(chat)
  expect(chat.getSnapshot()).toMatchObject({ unread: 0, isOpen: true })

  await userEvent.keyboard('{Escape}')
  expect(onClose).toHaveBeenCalledOnce()
  unmount()
  expect(chat.getSnapshot().isOpen).toBe(false)
})

function receive(chat: Chat, ...messages: ReturnType<typeof aMessage>[]) {
  act(() => {
    for (const message of messages) {
      chat.receive(new TextEncoder().encode(JSON.stringify(message)))
    }
  })
}

function News({ chat, isPresenting = false }: { chat: Chat; isPresenting?: boolean }) {
  return (
    <>
      <ChatNews chat={chat} isPresenting={isPresenting} />
      <ToastPlace words={{ label: 'Notifications', dismiss: 'Dismiss' }} />
    </>
  )
}

test('while the panel is closed what somebody writes is shown, and that they wrote is read out', async () => {
  const { chat } = await aChat()
  await renderPage(<News chat={chat} />)
  receive(chat, aMessage({ message: 'secret' }), aMessage({ number: 2, message: 'more' }))

  expect(screen.getAllByTestId('toast').map(({ textContent }) => textContent)).toEqual(['Gracemore'])
  expect(announcer.getSnapshot().polite.text).toContain('Grace wrote in the chat')
  expect(announcer.getSnapshot().polite.text).not.toContain('more')
  act(() => chat.open())
  expect(screen.queryByTestId('toast')).toBeNull()
  receive(chat, aMessage({ number: 3 }))
  expect(screen.queryByTestId('toast')).toBeNull()
})

test('what was written before one came is not shown, and nothing is while one presents', async () => {
  const { chat } = await aChat(aMessage())
  const { rerender } = await renderPage(<News chat={chat} />)
  expect(screen.queryByTestId('toast')).toBeNull()

  receive(chat, aMessage({ number: 2 }))
  expect(screen.getByTestId('toast')).toBeVisible()
  rerender(<News chat={chat} isPresenting />)
  expect(screen.queryByTestId('toast')).toBeNull()
  receive(chat, aMessage({ number: 3 }))
  expect(screen.queryByTestId('toast')).toBeNull()
})

test('a message that is removed is shown no longer', async () => {
  const { chat } = await aChat()
  await renderPage(<News chat={chat} />)
  receive(chat, aMessage({ message: 'rude' }))
  expect(screen.getByText('rude')).toBeVisible()
  receive(chat, aMessage({ message: '', revision: 2, is_removed: true }))
  expect(screen.queryByTestId('toast')).toBeNull()
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

test('a host pins and removes messages; others have no menu for it', async () => {
  const { chat, pin, remove } = await aChat(aMessage())
  const { unmount } = await show(chat)
  expect(screen.queryByRole('button', { name: /Options for the message/ })).toBeNull()
  expect(screen.queryByRole('button', { name: 'Save chat as a table' })).toBeNull()
  unmount()

  const { container } = await show(chat, true)
  expect(await accessibilityFaults(container)).toEqual([])
  await userEvent.click(screen.getByRole('button', { name: 'Options for the message from Grace' }))
  await userEvent.click(await screen.findByRole('menuitem', { name: 'Pin message' }))
  expect(pin).toHaveBeenCalledExactlyOnceWith(1)
  await userEvent.click(screen.getByRole('button', { name: 'Options for the message from Grace' }))
  await userEvent.click(await screen.findByRole('menuitem', { name: 'Remove message' }))
  expect(remove).toHaveBeenCalledExactlyOnceWith(1)
})

test('a removed message leaves a line, and nothing to press', async () => {
  const byHost = { participant_id: 'host', name: 'Grace' }
  const { chat } = await aChat(
    aMessage({ message: '', is_removed: true, removed_by: byHost }),
    aMessage({ number: 2, message: '', is_removed: true }),
  )
  await show(chat, true)
  expect(screen.getByText('Removed by the host')).toBeVisible()
  expect(screen.getByText('This message was removed')).toBeVisible()
  expect(screen.queryByRole('button', { name: /Options for the message/ })).toBeNull()
})

test('the pinned message stands above the others; a host takes it away', async () => {
  const { chat, pin, state } = await aChat(aMessage())
  state.update({ entries: new Map([['pinned', { number: 1, name: 'Grace', message: 'See https://example.org' }]]) })
  const { unmount } = await show(chat)
  const pinned = within(screen.getByRole('region', { name: 'Pinned message' }))
  expect(pinned.getByRole('link', { name: 'https://example.org' })).toBeVisible()
  expect(pinned.queryByRole('button')).toBeNull()
  unmount()

  const { container } = await show(chat, true)
  expect(await accessibilityFaults(container)).toEqual([])
  await userEvent.click(screen.getByRole('button', { name: 'Unpin message' }))
  expect(pin).toHaveBeenCalledExactlyOnceWith(null)
})

test('somebody who comes later is shown the pinned message', async () => {
  const { chat, state } = await aChat()
  state.update({ entries: new Map([['pinned', { number: 1, name: 'Grace', message: 'Agenda' }]]) })
  await renderPage(<News chat={chat} />)
  expect(screen.getByTestId('toast')).toHaveTextContent('Pinned messageGrace: Agenda')
})

test('what is begun is there when the panel opens again', async () => {
  const { chat } = await aChat()
  const { unmount } = await show(chat)
  await userEvent.type(field(), 'half a sen')
  unmount()
  await show(chat)
  expect(field()).toHaveValue('half a sen')
})

test('in the open panel what others write is read out in the common queue', async () => {
  const { chat } = await aChat()
  await renderPage(<News chat={chat} />)
  act(() => chat.open())
  receive(chat, aMessage({ message: 'Good morning' }))
  expect(announcer.getSnapshot().polite.text).toBe('Grace: Good morning')
})

test('the saved table has every column of the export, and no formulas', () => {
  const at = Date.UTC(2026, 10, 22, 10, 0)
  expect(
    chatTable([aMessage({ message: '=1+1', timestamp: at }), aMessage({ number: 2, role: 'owner', timestamp: at })]),
  ).toBe(
    'number,sent_at,participant_id,name,type,text\r\n' +
      "1,2026-11-22T10:00:00.000Z,grace,Grace,Guest,'=1+1\r\n" +
      '2,2026-11-22T10:00:00.000Z,grace,Grace,Owner,Good morning\r\n',
  )
})
