import { act, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { expect, test } from 'vitest'
import type { Role } from '@/api/page'
import { Commander } from '@/call/commander'
import { Hands } from '@/call/hands'
import { Moderation } from '@/call/moderation'
import type { ParticipantsState } from '@/call/participants'
import { Cell } from '@/lib/store'
import { accessibilityFaults, renderPage } from '@/testing/render'
import { EverybodyActions } from './MuteEveryone'

async function show(role: Role) {
  const commander = new Commander(async () => undefined)
  const state = new Cell({ entries: new Map<string, unknown>() })
  const people = { all: [{ id: 'me' }, { id: 'ada' }, { id: 'bo' }], startedAt: null }
  const participants = new Cell(people as unknown as ParticipantsState) // only ids are read
  const speech = new Cell({ heard: new Set<string>() })
  const spokenFor = (id: string) => (id === 'ada' ? 60_000 : 0)
  const me = () => 'me'
  const hands = new Hands({ state, participants, speech, spokenFor, commander, me })
  const moderation = new Moderation({ state, commander, me, role: () => role })
  const raise = (...ids: string[]) =>
    act(() => state.update({ entries: new Map(ids.map((id, index) => [`hand:${id}`, { order: index + 1 }])) }))
  return { hands, raise, ...(await renderPage(<EverybodyActions moderation={moderation} hands={hands} />)) }
}

test('a host orders two hands and more by time spoken', async () => {
  const { hands, raise, container } = await show('owner')
  raise('ada')
  expect(screen.queryByRole('switch')).toBeNull()
  raise('ada', 'bo')
  await userEvent.click(screen.getByRole('switch', { name: 'Quiet people first' }))

  expect(screen.getByRole('switch', { name: 'Quiet people first' })).toBeChecked()
  expect(hands.getSnapshot().listed).toEqual(['bo', 'ada'])
  expect(await accessibilityFaults(container)).toEqual([])
  await userEvent.click(screen.getByRole('switch', { name: 'Quiet people first' }))
  expect(hands.getSnapshot().listed).toEqual(['ada', 'bo'])
})

test('a guest has no such order', async () => {
  const { raise } = await show('guest')
  raise('ada', 'bo')

  expect(screen.queryByRole('switch')).toBeNull()
})
