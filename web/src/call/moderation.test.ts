import { expect, test } from 'vitest'
import type { Role } from '@/api/page'
import { Cell } from '@/lib/store'
import { Commander } from './commander'
import { Moderation } from './moderation'

function start(role: Role = 'guest') {
  const sent: unknown[] = []
  const commander = new Commander(async (command, body) => {
    sent.push([command, body])
  })
  const state = new Cell({ entries: new Map<string, unknown>() })
  const moderation = new Moderation({ state, commander, me: () => 'me', role: () => role })
  const share = (values: object) => state.update({ entries: new Map(Object.entries(values)) })
  const notice = (said: object) => moderation.receive(new TextEncoder().encode(JSON.stringify(said)))
  return { moderation, sent, share, notice }
}

const GRACE = { participant_id: 'grace', name: 'Grace' }

test('a guest may what guests may, and what they are allowed on top', () => {
  const { moderation, share } = start()
  share({ permissions: { microphone: false, camera: true, chat: false, by: GRACE } })
  expect(moderation.getSnapshot().mine).toMatchObject({ microphone: false, camera: true, chat: false })

  share({ permissions: { microphone: false, chat: false }, 'allowed:me': { rights: ['microphone'] } })
  expect(moderation.getSnapshot().mine).toMatchObject({ microphone: true, chat: false })

  share({})
  expect(moderation.getSnapshot().mine).toMatchObject({ microphone: true, chat: true })
})

test('a host has every right', () => {
  const { moderation, share } = start('owner')
  share({ permissions: { microphone: false } })

  expect(moderation.getSnapshot().mine.microphone).toBe(true)
  expect(moderation.getSnapshot().guestsMay.microphone).toBe(false)
})

test('notices say by name who did it; without a name it was the application', () => {
  const { moderation, notice } = start()
  notice({ type: 'muted', source: 'microphone', by: GRACE })
  notice({ type: 'muted', source: 'camera', by: null })
  notice({ type: 'unmute_asked', source: 'camera', by: GRACE })
  notice({ type: 'hand_lowered', by: null })

  expect(moderation.getSnapshot()).toMatchObject({
    turnedOffBy: { microphone: 'Grace', camera: null },
    asked: { source: 'camera', by: 'Grace' },
    handLoweredBy: { name: null },
  })
})

test('a question to turn on what one may no longer turn on goes away', () => {
  const { moderation, notice, share } = start()
  notice({ type: 'unmute_asked', source: 'microphone', by: GRACE })
  share({ permissions: { microphone: false } })

  expect(moderation.getSnapshot().asked).toBeNull()
})

test('anything else on the topic changes nothing', () => {
  const { moderation, notice } = start()
  const before = moderation.getSnapshot()
  notice({ type: 'muted', source: 'speaker', by: 'Grace' })
  notice({ type: 'waiting_changed', waiting: 2 })
  moderation.receive(new Uint8Array([255, 0]))

  expect(moderation.getSnapshot()).toBe(before)
})

test('letting somebody speak keeps their other rights', () => {
  const { moderation, sent, share } = start('owner')
  share({ 'allowed:bo': { rights: ['chat'] } })
  moderation.letSpeak('bo', true)
  share({ 'allowed:bo': { rights: ['chat', 'microphone'] } })
  moderation.letSpeak('bo', false)

  expect(sent).toEqual([
    ['allow', { participant_id: 'bo', rights: ['chat', 'microphone'] }],
    ['allow', { participant_id: 'bo', rights: ['chat'] }],
  ])
})
