import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Commander } from './commander'
import { MOST_SHOWN, Reactions, SHOWN_MS } from './reactions'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function start() {
  const sent: unknown[] = []
  const reactions = new Reactions(
    new Commander(async (command, body) => {
      sent.push([command, body])
    }),
  )
  const receive = (said: unknown) => reactions.receive(new TextEncoder().encode(JSON.stringify(said)))
  const from = (name: string, reaction = 'clap') => receive({ reaction, by: { participant_id: name, name } })
  const shown = () => reactions.getSnapshot().shown.map(({ reaction, count, name }) => [reaction, count, name])
  return { reactions, sent, receive, from, shown }
}

test('equal reactions within a second are one with a number, others stand beside it', () => {
  const { from, shown } = start()
  from('Ada')
  vi.advanceTimersByTime(900)
  from('Bo')
  from('Cy', 'heart')
  expect(shown()).toEqual([
    ['clap', 2, 'Bo'],
    ['heart', 1, 'Cy'],
  ])

  vi.advanceTimersByTime(200)
  from('Di')
  expect(shown().at(-1)).toEqual(['clap', 1, 'Di'])
})

test('each goes after its time, and a crowd covers nothing', () => {
  const { from, shown } = start()
  from('Ada')
  vi.advanceTimersByTime(SHOWN_MS - 100)
  from('Bo')
  vi.advanceTimersByTime(150)
  expect(shown()).toEqual([['clap', 1, 'Bo']])
  vi.advanceTimersByTime(SHOWN_MS)
  expect(shown()).toEqual([])

  for (let number = 0; number < 3 * MOST_SHOWN; number += 1) {
    from(`${number}`)
    vi.advanceTimersByTime(1)
    from(`${number}`, 'party')
    vi.advanceTimersByTime(1001 / 40)
  }
  expect(shown().length).toBeLessThanOrEqual(MOST_SHOWN)
})

test('what is no reaction of the server shows nothing', () => {
  const { receive, reactions } = start()
  receive({ reaction: 'skull', by: { participant_id: 'x', name: 'X' } })
  receive({ reaction: 'clap', by: null })
  receive([])
  reactions.receive(new Uint8Array([255]))

  expect(reactions.getSnapshot().shown).toEqual([])
})

test('sending asks the server, and shows nothing before it says so', () => {
  const { reactions, sent, shown } = start()
  reactions.send('party')

  expect(sent).toEqual([['react', { reaction: 'party' }]])
  expect(shown()).toEqual([])
})
