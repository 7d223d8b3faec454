import { Circle } from 'lucide-react'
import { expect, test } from 'vitest'
import { type ControlEntry, planControls } from './controls'

const entry = (id: string, change: Partial<ControlEntry> = {}): ControlEntry => ({
  id,
  label: id,
  icon: Circle,
  order: 10,
  from: 0,
  rank: 0,
  onPress: () => undefined,
  ...change,
})
const ids = (entries: readonly ControlEntry[]) => entries.map(({ id }) => id)

test('below its width an entry is in the menu, or nowhere if it is hidden there', () => {
  const plan = planControls([entry('a'), entry('b', { from: 600 }), entry('c', { from: 500, hiddenBelow: 500 })], 400)
  expect([ids(plan.bar), ids(plan.menu)]).toEqual([['a'], ['b']])
})

test('words are shown where there is room for them', () => {
  const stop = entry('stop', { textFrom: 700 })
  expect(planControls([stop], 600).bar[0]?.isText).toBe(false)
  expect(planControls([stop], 800).bar[0]?.isText).toBe(true)
})

test('where the name of the room has no line of its own, side entries make room for it', () => {
  const middle = ['m', 'c', 's'].map((id) => entry(id, { options: { label: id, groups: null } }))
  const side = [10, 20, 30, 40, 50, 60].map((rank) => entry(`side${rank}`, { isSide: true, rank, order: 50 }))
  const all = [...middle, ...side, entry('leave', { look: 'danger' }), entry('end', { isText: true, order: 110 })]
  for (const width of [1024, 1280, 1920]) {
    const plan = planControls(all, width)
    expect(plan.isSplit, `${width}`).toBe(true)
    expect([...ids(plan.bar), ...ids(plan.menu)].sort()).toEqual(ids(all).sort())
  }
  expect(ids(planControls(all, 1280).menu)).toEqual(['side60'])
  expect(planControls(all, 1920).menu).toEqual([])
})
