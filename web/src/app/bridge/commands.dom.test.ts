// The answers to commands that no browser of the end-to-end tests gives.
import { afterEach, expect, test, vi } from 'vitest'
import { PageError } from '@/api/page'
import { scene } from '../scene'
import type { Visit } from '../useVisit'
import { runCommand } from './commands'

afterEach(() => scene.update({ visit: null }))

function enter(call: object): void {
  scene.update({ visit: { screen: { name: 'inside', call } } as unknown as Visit })
}

test('without a press before it, sharing says so and shows the person nothing', async () => {
  vi.stubGlobal('navigator', { userActivation: { isActive: false } })
  const share = {
    start: async () => undefined,
    dismiss: vi.fn(),
    getSnapshot: () => ({ phase: 'off', problem: 'failed' }),
  }
  enter({ share, moderation: { getSnapshot: () => ({ mine: { screen_share: true } }) } })

  expect(await runCommand('start_share', {}, [])).toEqual({ ok: false, code: 'needs_press' })
  expect(share.dismiss).toHaveBeenCalledOnce()
})

test('a refusal of the server is answered with its code, and nothing is thrown', async () => {
  const attempt = vi.fn(async () => {
    throw new PageError('too_many_requests')
  })
  enter({ commander: { attempt } })

  expect(await runCommand('react', { reaction: 'clap' }, [])).toEqual({ ok: false, code: 'too_many_requests' })
  enter({})
  expect(await runCommand('react', { reaction: 'clap' }, [])).toEqual({ ok: false, code: 'unavailable' })
})

test('outside the meeting there is nothing to command', async () => {
  for (const command of ['leave', 'rejoin', 'lock', 'set_layout', 'set_microphone', 'start_share']) {
    const args = command === 'lock' ? { locked: true } : command === 'set_layout' ? { layout: 'grid' } : {}
    const given = command === 'set_microphone' ? { on: true } : args
    expect(await runCommand(command, given, []), command).toEqual({ ok: false, code: 'not_joined' })
  }
  expect(await runCommand('__proto__', {}, [])).toEqual({ ok: false, code: 'unknown_command' })
})
