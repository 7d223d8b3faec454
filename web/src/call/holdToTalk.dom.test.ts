import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Cell } from '@/lib/store'
import { HoldToTalk, LONGEST_MS } from './holdToTalk'
import type { InputsState } from './inputs'
import type { VisitState } from './visit'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

class FakeInputs extends Cell<InputsState> {
  readonly held: boolean[] = []
  constructor(isOn: boolean, isForbidden = false) {
    const input = { isOn, isBusy: false, problem: null, isForbidden }
    super({ microphone: input, camera: input })
  }
  hold = async (isHeld: boolean) => {
    this.held.push(isHeld)
    this.become(isHeld)
  }
  become(isOn: boolean) {
    this.update({ microphone: { ...this.getSnapshot().microphone, isOn } })
  }
}

class FakeVisit extends Cell<VisitState> {
  constructor() {
    super({ connection: { phase: 'connected', attempt: 0, since: 0 }, role: 'guest' })
  }
  isConnected = () => this.getSnapshot().connection.phase === 'connected'
}

function start(inputs = new FakeInputs(false)) {
  const visit = new FakeVisit()
  return { inputs, visit, hold: new HoldToTalk({ inputs, visit }) }
}

test('a held key unmutes, and letting it go mutes', () => {
  const { inputs, hold } = start()

  expect(hold.press()).toBe(true)
  expect(hold.press()).toBe(true)
  hold.release()
  hold.release()

  expect(inputs.held).toEqual([true, false])
})

test('a second press soon after the first works', () => {
  const { inputs, hold } = start()
  hold.press()
  hold.release()
  hold.press()

  expect(inputs.held).toEqual([true, false, true])
  expect(hold.getSnapshot().isHeld).toBe(true)
})

test('the key means nothing to somebody who is heard already, or may not be', () => {
  for (const inputs of [new FakeInputs(true), new FakeInputs(false, true)]) {
    const { hold } = start(inputs)

    expect(hold.press()).toBe(false)
    hold.release()
    expect(inputs.held).toEqual([])
  }
})

test('two minutes end it', () => {
  const { inputs, hold } = start()
  hold.press()
  vi.advanceTimersByTime(LONGEST_MS - 1)
  expect(inputs.held).toEqual([true])
  vi.advanceTimersByTime(1)

  expect(inputs.held).toEqual([true, false])
})

test('the loss of the connection ends it, and without one it does not begin', () => {
  const { inputs, visit, hold } = start()
  hold.press()
  visit.update({ connection: { phase: 'interrupted', attempt: 0, since: 0, lostAt: 0 } })

  expect(inputs.held).toEqual([true, false])
  expect(hold.press()).toBe(false)
})

test('a host who mutes ends it; the key may then go up', () => {
  const { inputs, hold } = start()
  hold.press()
  inputs.become(false)

  expect(hold.getSnapshot().isHeld).toBe(false)
  inputs.become(true)
  hold.release()
  expect(inputs.getSnapshot().microphone.isOn).toBe(true)
})
