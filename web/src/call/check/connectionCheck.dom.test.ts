import { beforeEach, expect, test, vi } from 'vitest'
import { PageError } from '@/api/page'
import { aCheckTicket } from '@/testing/builders'
import { ConnectionCheck, type Probe } from './connectionCheck'
import type { Probed } from './probe'

const PROBED: Probed = {
  path: { protocol: 'udp', isRelayed: false },
  worksOverTcp: true,
  ports: 'UDP 7882',
  sent: [],
  received: [],
}

beforeEach(() => {
  vi.stubGlobal('navigator', {
    mediaDevices: {
      enumerateDevices: async () => [
        { kind: 'videoinput', label: '' },
        { kind: 'audiooutput', label: '' },
      ],
    },
    permissions: { query: async ({ name }: { name: string }) => ({ state: name === 'camera' ? 'denied' : 'granted' }) },
  })
  return () => vi.unstubAllGlobals()
})

function aCheck(probe: Probe, open = async () => aCheckTicket()) {
  const check = new ConnectionCheck(open, async () => probe)
  const steps: (string | null)[] = []
  check.subscribe(() => {
    const { step } = check.getSnapshot()
    if (step !== steps.at(-1)) {
      steps.push(step)
    }
  })
  return { check, steps }
}

test('it tells each step, and then what it found with what the browser allows', async () => {
  const { check, steps } = aCheck(async (_ticket, _stopped, onStep) => {
    onStep('measuring')
    onStep('tcp')
    return PROBED
  })

  await check.run()

  expect(steps).toEqual(['devices', 'connecting', 'measuring', 'tcp', null])
  expect(check.getSnapshot()).toMatchObject({
    failure: null,
    result: { ports: 'UDP 7882', findings: { camera: 'denied', microphone: 'none', udp: true, tcp: true } },
  })
})

test('a refusal is told, and the next check starts afresh', async () => {
  const open = vi.fn(async () => aCheckTicket())
  open.mockRejectedValueOnce(new PageError('too_many_requests', 10))
  const { check } = aCheck(async () => PROBED, open)

  await check.run()
  expect(check.getSnapshot()).toEqual({ step: null, result: null, failure: 'too_many_requests' })

  await check.run()
  expect(check.getSnapshot().failure).toBeNull()
  expect(check.getSnapshot().result).not.toBeNull()
})

test('one that was stopped says nothing any more, and its connections hear of it', async () => {
  const given: AbortSignal[] = []
  const ends: (() => void)[] = []
  const { check } = aCheck((_ticket, stopped) => {
    given.push(stopped)
    return new Promise((resolve) => ends.push(() => resolve(PROBED)))
  })
  const first = check.run()
  await vi.waitFor(() => expect(given).toHaveLength(1))

  check.stop()
  expect(given[0]?.aborted).toBe(true)
  expect(check.getSnapshot()).toEqual({ step: null, result: null, failure: null })
  const second = check.run()
  ends[0]?.()
  await first
  expect(check.getSnapshot().result).toBeNull()

  await vi.waitFor(() => expect(given).toHaveLength(2))
  // A second press while it runs is no second check.
  await check.run()
  expect(given).toHaveLength(2)
  ends[1]?.()
  await second
  expect(check.getSnapshot().result).not.toBeNull()
})
