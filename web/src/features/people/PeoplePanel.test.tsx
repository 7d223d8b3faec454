import { screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { RemoteParticipant, Room } from 'livekit-client'
import { expect, test, vi } from 'vitest'
import { accessibilityFaults, renderPage } from '@/testing/render'
import { PeoplePanel } from './PeoplePanel'

function people() {
  const room = new Room()
  const remote = (name: string, attributes: Record<string, string> = {}) =>
    new RemoteParticipant(room.engine.client, `PA_${name}`, name.toLowerCase(), name, '', attributes)
  return [remote('Zoe'), remote('Bob', { role: 'owner' }), room.localParticipant]
}

test('I come first, the others by name, and the host is marked', async () => {
  const { container } = await renderPage(<PeoplePanel participants={people()} onClose={() => undefined} />)
  const rows = screen.getAllByRole('listitem').map((row) => row.textContent)

  expect(screen.getByRole('heading', { name: '3 people' })).toHaveFocus()
  expect(rows[0]).toContain('(you)')
  expect(rows[1]).toContain('Bob')
  expect(rows[1]).toContain('Host')
  expect(rows[2]).toContain('Zoe')
  expect(rows[2]).not.toContain('Host')
  expect(await accessibilityFaults(container)).toEqual([])
})

test('it can be closed', async () => {
  const onClose = vi.fn()
  await renderPage(<PeoplePanel participants={people()} onClose={onClose} />)
  await userEvent.click(screen.getByRole('button', { name: 'Close' }))

  expect(onClose).toHaveBeenCalledOnce()
})

test('Escape closes it, and the focus goes back to where it came from', async () => {
  const onClose = vi.fn()
  const opener = document.createElement('button')
  document.body.append(opener)
  opener.focus()
  const { unmount } = await renderPage(<PeoplePanel participants={people()} onClose={onClose} />)
  expect(screen.getByRole('heading')).toHaveFocus()
  await userEvent.keyboard('{Escape}')

  expect(onClose).toHaveBeenCalledOnce()
  unmount()
  expect(opener).toHaveFocus()
  opener.remove()
})
