import { act, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, test, vi } from 'vitest'
import type { Role } from '@/api/page'
import { Commander } from '@/call/commander'
import { Hands } from '@/call/hands'
import { Moderation } from '@/call/moderation'
import type { Participant, Participants, ParticipantsState } from '@/call/participants'
import type { SpeechState } from '@/call/speech'
import { Volumes } from '@/call/volumes'
import { Cell } from '@/lib/store'
import { aView, FakePage } from '@/testing/builders'
import { FakeRoom } from '@/testing/fakeRoom'
import { accessibilityFaults, renderPage } from '@/testing/render'
import { SidePanel } from '@/ui/SidePanel'
import { usePeoplePanel } from './PeoplePanel'
import { PersonActions } from './PersonActions'

const participant = (id: string, change: Parameters<typeof aView>[0] = {}): Participant => ({
  id,
  isLocal: change.isLocal ?? false,
  sharesScreen: false,
  view: new Cell(aView({ id, name: id, shownName: id, ...change })),
})

const NOBODY_SPEAKS = new Cell<SpeechState>({ heard: new Set() })

/** The parts of a call that the list needs, with these people and these values shared. */
function shared(
  all: readonly Participant[],
  { role = 'guest', values = {}, spoken = {} }: { role?: Role; values?: object; spoken?: Record<string, number> } = {},
) {
  const page = new FakePage()
  const commander = new Commander((command, body) => page.command('control', command, body))
  const state = new Cell({ entries: new Map<string, unknown>() })
  const participants = new Cell<ParticipantsState>({ all, startedAt: null }) as unknown as Participants
  const me = () => 'Ada'
  const hands = new Hands({
    state,
    participants,
    speech: NOBODY_SPEAKS,
    spokenFor: (id) => spoken[id] ?? 0,
    commander,
    me,
  })
  const moderation = new Moderation({ state, commander, me, role: () => role })
  state.update({ entries: new Map(Object.entries(values)) })
  const volumes = new Volumes(new FakeRoom().asRoom())
  return { page, participants, hands, moderation, volumes }
}

function People({ people: given, onClose }: { people: ReturnType<typeof shared>; onClose: () => void }) {
  const menuOf = (participant: Participant) => <PersonActions participant={participant} {...given} />
  return <SidePanel panel={usePeoplePanel(given, { menuOf })} closeLabel="Close" onClose={onClose} />
}

const people = [participant('Zoe'), participant('Bob', { isHost: true }), participant('Ada', { isLocal: true })]

test('I come first, the others by name, and the host is marked', async () => {
  const { container } = await renderPage(<People people={shared(people)} onClose={() => undefined} />)
  const rows = screen.getAllByRole('listitem').map((row) => row.textContent)

  expect(screen.getByRole('region', { name: 'People' })).toBeVisible()
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
  await renderPage(<People people={shared(people)} onClose={onClose} />)
  await userEvent.click(screen.getByRole('button', { name: 'Close' }))

  expect(onClose).toHaveBeenCalledOnce()
})

test('Escape closes it, and the focus goes back to where it came from', async () => {
  const onClose = vi.fn()
  const opener = document.createElement('button')
  document.body.append(opener)
  opener.focus()
  const { unmount } = await renderPage(<People people={shared(people)} onClose={onClose} />)
  expect(screen.getByRole('heading')).toHaveFocus()
  await userEvent.keyboard('{Escape}')

  expect(onClose).toHaveBeenCalledOnce()
  unmount()
  expect(opener).toHaveFocus()
  opener.remove()
})

const raised = (order: number) => ({ order, raised_at: '2026-11-22T10:00:00.000Z' })

test('raised hands come first, in the order of the server, with their place', async () => {
  const values = { 'hand:Zoe': raised(2), 'hand:Bob': raised(7), 'hand:gone': raised(1) }
  const { container } = await renderPage(<People people={shared(people, { values })} onClose={() => undefined} />)
  const rows = screen.getAllByRole('listitem').map((row) => row.textContent)

  expect(rows[0]).toContain('Zoe')
  expect(rows[0]).toContain('Hand raised, number 1')
  expect(rows[1]).toContain('Bob')
  expect(rows[1]).toContain('Hand raised, number 2')
  expect(rows[2]).toContain('(you)')
  expect(rows[2]).not.toContain('Hand raised')
  expect(await accessibilityFaults(container)).toEqual([])
})

test('a guest can set how loud somebody is, and nothing that is for hosts', async () => {
  await renderPage(<People people={shared(people)} onClose={() => undefined} />)
  await userEvent.click(screen.getByRole('button', { name: 'Options for Zoe' }))

  const entries = await screen.findAllByRole('menuitem')
  expect(entries.map(({ textContent }) => textContent)).toEqual(['Volume'])
})

test('a host has no actions on themselves but the spotlight', async () => {
  const all = [participant('Ada', { isLocal: true, isHost: true })]
  await renderPage(<People people={shared(all, { role: 'owner' })} onClose={() => undefined} />)
  await userEvent.click(screen.getByRole('button', { name: 'Options for Ada' }))

  const entries = await screen.findAllByRole('menuitem')
  expect(entries.map(({ textContent }) => textContent)).toEqual(['Spotlight for everyone'])
})

test('a host mutes, asks, lowers a hand and lets somebody speak', async () => {
  const all = [participant('Ada', { isLocal: true, isHost: true }), participant('Zoe', { isMuted: true })]
  const values = { permissions: { microphone: false }, 'hand:Zoe': raised(1) }
  const given = shared(all, { role: 'owner', values })
  await renderPage(<People people={given} onClose={() => undefined} />)
  const press = async (item: string) => {
    await userEvent.click(screen.getByRole('button', { name: 'Options for Zoe' }))
    await userEvent.click(await screen.findByRole('menuitem', { name: item }))
  }

  await press('Ask to unmute')
  await press('Lower hand')
  await press('Let speak')
  expect(given.page.asked.map(({ with: sent }) => sent)).toEqual([
    { command: 'askToUnmute', body: { participant_id: 'Zoe', source: 'microphone' } },
    { command: 'lowerHand', body: { participant_id: 'Zoe' } },
    { command: 'allow', body: { participant_id: 'Zoe', rights: ['microphone'] } },
  ])
})

test('in the quiet order the list changes, and the numbers stay', async () => {
  const values = { 'hand:Zoe': raised(1), 'hand:Bob': raised(2) }
  const given = shared(people, { values, spoken: { Zoe: 60_000 } })
  await renderPage(<People people={given} onClose={() => undefined} />)
  act(() => given.hands.setQuietFirst(true))
  const rows = screen.getAllByRole('listitem').map((row) => row.textContent)

  expect(rows[0]).toContain('Bob')
  expect(rows[0]).toContain('Hand raised, number 2')
  expect(rows[1]).toContain('Zoe')
  expect(rows[1]).toContain('Hand raised, number 1')
})
