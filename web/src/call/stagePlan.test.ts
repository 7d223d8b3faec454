import { expect, test } from 'vitest'
import { arrangePlan, type Corner } from './arrangePlan'
import type { Rectangle, Size } from './grid'
import type { TileOrder } from './order'
import {
  followLarge,
  type Layout,
  type OwnPlace,
  type PlannedTile,
  type Room,
  type StageInputs,
  type StagePlan,
  stagePlan,
} from './stagePlan'

const LAPTOP = { width: 1248, height: 640 }

const person = (id: string, change: Partial<PlannedTile> = {}): PlannedTile => ({
  id,
  isLocal: id === 'me',
  isOwnPicture: id === 'me',
  isLarge: false,
  isSpeaking: false,
  isHeard: false,
  lastSpokeAt: 0,
  ...change,
})
const screen = (id: string) => person(id, { isLarge: true })
const people = (count: number) => Array.from({ length: count }, (_, index) => person(index === 0 ? 'me' : `p${index}`))
const plan = (change: Partial<StageInputs>) =>
  stagePlan({
    tiles: [],
    previous: [],
    layout: 'auto',
    space: LAPTOP,
    page: { grid: 0, sidebar: 0, single: null },
    ...change,
  })

test('automatically it is a grid until somebody shares or is pinned, and a grid again afterwards', () => {
  const tiles = people(5)
  expect(plan({ tiles }).kind).toBe('grid')
  expect(plan({ tiles: [...tiles, screen('s')] })).toMatchObject({ kind: 'sidebar', main: ['s'], large: ['s'] })
  expect(plan({ tiles, pinned: ['p3'] })).toMatchObject({ kind: 'sidebar', main: ['p3'], large: [] })
  expect(plan({ tiles }).kind).toBe('grid')
})

test('what the person chose wins over what is shared', () => {
  expect(plan({ tiles: [...people(5), screen('s')], layout: 'grid' }).kind).toBe('grid')
})

test('of several screens one is large and the others are tabs; two stand side by side where there is room', () => {
  const tiles = [...people(5), screen('s1'), screen('s2'), screen('s3')]
  expect(plan({ tiles })).toMatchObject({ main: ['s3'], tabs: ['s1', 's2', 's3'] })
  expect(plan({ tiles, chosen: ['s1', 's2'] }).main).toEqual(['s1', 's2'])
  expect(plan({ tiles, chosen: ['s1', 's2'], space: { width: 1000, height: 640 } }).main).toEqual(['s1'])
})

test('the newest screen takes the large place once, then the person decides', () => {
  let choice = followLarge({ seen: [], chosen: [] }, ['s1'])
  choice = followLarge(choice, ['s1', 's2'])
  expect(choice.chosen).toEqual(['s2'])
  choice = followLarge({ ...choice, chosen: ['s1'] }, ['s1', 's2'])
  expect(choice.chosen).toEqual(['s1'])
  choice = followLarge(choice, ['s2'])
  expect(choice.chosen).toEqual(['s2'])
  expect(followLarge({ seen: ['s1', 's2'], chosen: ['s1', 's2'] }, ['s1', 's2', 's3']).chosen).toEqual(['s1', 's3'])
})

test('who speaks is large in the layout for it, beside a screen, and gives way to a pin', () => {
  const tiles = people(5)
  expect(plan({ tiles, layout: 'speaker', speaker: 'p2' }).main).toEqual(['p2'])
  expect(plan({ tiles, layout: 'speaker', speaker: null }).main).toEqual(['p1'])
  expect(plan({ tiles: [...tiles, screen('s')], layout: 'speaker', speaker: 'p2' }).main).toEqual(['s', 'p2'])
  expect(plan({ tiles, layout: 'speaker', speaker: 'p2', pinned: ['p3'] }).main).toEqual(['p3'])
})

test('the host’s choice comes before one’s own pins, three and four of them at most', () => {
  const ids = ['p1', 'p2', 'p3', 'p4', 'p5', 'p6', 'p7', 'p8', 'p9']
  const made = plan({ tiles: people(12), spotlight: ids.slice(0, 4), pinned: ids.slice(2) })
  expect(made.main).toEqual(['p1', 'p2', 'p3', 'p4', 'p5', 'p6'])
})

test('one’s own picture is small while two people are alone, else a tile; it can be chosen', () => {
  expect(plan({ tiles: people(2), own: 'auto' })).toMatchObject({ main: ['p1'], corner: 'me' })
  expect(plan({ tiles: people(3), own: 'auto' }).corner).toBeNull()
  expect(plan({ tiles: people(3), own: 'corner' })).toMatchObject({ corner: 'me' })
  expect(plan({ tiles: people(3), own: 'hidden' })).toMatchObject({ main: ['p1', 'p2'], hidden: ['me'] })
  expect(plan({ tiles: people(1), own: 'hidden' }).main).toEqual(['me'])
})

test('in a low frame two people stand side by side', () => {
  const space = { width: 624, height: 264 }
  const made = plan({ tiles: people(2), own: 'auto', room: 'low', space })
  expect(made).toMatchObject({ main: ['me', 'p1'], corner: null })
  const { tiles } = arrangePlan(made, space, { rightToLeft: false })
  expect(tiles.get('me')?.y).toBe(tiles.get('p1')?.y)
})

test('where there is room for one tile, it is the one that matters most, and pages lead to the others', () => {
  const tiles = people(4)
  const shown = (change: Partial<StageInputs>) => {
    const { main, pages } = plan({ tiles, own: 'auto', room: 'single', ...change })
    expect(main).toHaveLength(1)
    expect(pages.flat()).not.toContain('me')
    return main[0]
  }
  expect(shown({})).toBe('p1')
  expect(shown({ speaker: 'p2' })).toBe('p2')
  expect(shown({ speaker: 'p2', pinned: ['p3'] })).toBe('p3')
  expect(shown({ tiles: [...tiles, screen('s1'), screen('s2')], pinned: ['p3'] })).toBe('s2')
  expect(shown({ tiles: [...tiles, screen('s1'), screen('s2')], chosen: ['s1'] })).toBe('s1')
  expect(shown({ page: { grid: 0, sidebar: 0, single: 'p3' }, speaker: 'p2' })).toBe('p3')
  expect(shown({ page: { grid: 0, sidebar: 0, single: 'gone' }, speaker: 'p2' })).toBe('p2')
  // One's own picture is a page where it was chosen to be among the others.
  expect(plan({ tiles, own: 'tile', room: 'single' }).pages.flat()).toContain('me')
  // Alone, what stands in for others comes first.
  expect(plan({ tiles: people(1), room: 'single', hasExtra: true })).toMatchObject({ main: [], page: 1 })
})

test('a hidden strip leaves all the room to the screen', () => {
  const made = plan({ tiles: [...people(5), screen('s')], isStripHidden: true })
  expect(made.strip).toEqual([])
  expect(arrangePlan(made, LAPTOP, { rightToLeft: false }).tiles.get('s')).toEqual({ x: 0, y: 0, ...LAPTOP })
})

test('above a screen on a phone stand three people, from 500 px on four', () => {
  const tiles = [...people(9), screen('s')]
  expect(plan({ tiles, space: { width: 344, height: 600 } }).strip).toHaveLength(3)
  expect(plan({ tiles, space: { width: 534, height: 600 } }).strip).toHaveLength(4)
})

/** Numbers that look random and are the same each time. */
function dice(seed: number) {
  let state = seed
  return (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

const WIDTHS = [304, 344, 534, 684, 1024, 1264, 1904, 3824]
const HEIGHTS = [200, 420, 640, 900, 1900]
const ROOMS: readonly Room[] = ['usual', 'usual', 'low', 'single']
const LAYOUTS: readonly Layout[] = ['auto', 'grid', 'speaker', 'sidebar']
const OWN: readonly OwnPlace[] = ['auto', 'tile', 'corner', 'hidden']
const CORNERS: readonly Corner[] = ['start-top', 'end-top', 'start-bottom', 'end-bottom']
const COUNTS = [1, 2, 3, 4, 9, 25, 26, 60, 250]

function pick<T>(from: readonly T[], random: (below: number) => number): T {
  return from[random(from.length)] as T
}

function seenIn(made: StagePlan): string[] {
  const paged = made.pages.flat()
  return [
    ...made.main.filter((id) => !paged.includes(id)),
    ...paged,
    ...(made.corner ? [made.corner] : []),
    ...made.hidden,
  ]
}

function overlap(one: Rectangle, other: Rectangle): boolean {
  const apart = (start: number, size: number, from: number, length: number) =>
    start + size <= from || from + length <= start
  return !apart(one.x, one.width, other.x, other.width) && !apart(one.y, one.height, other.y, other.height)
}

test('whatever people choose and however large the stage: nobody lost, nobody twice, what never gives way is shown, and all of it fits', () => {
  const random = dice(20261130)
  let checked = 0
  for (let step = 0; step < 3000; step += 1) {
    const tiles = [...people(pick(COUNTS, random)), ...['s1', 's2', 's3'].slice(0, random(4)).map(screen)]
    const ids = tiles.map(({ id }) => id)
    const some = (most: number) => Array.from({ length: random(most + 1) }, () => pick([...ids, 'gone'], random))
    const space: Size = { width: pick(WIDTHS, random), height: pick(HEIGHTS, random) }
    const inputs = {
      tiles,
      space,
      layout: pick(LAYOUTS, random),
      pinned: [...new Set(some(4))],
      spotlight: [...new Set(some(3))],
      chosen: some(2),
      speaker: pick([null, ...ids], random),
      own: pick(OWN, random),
      isStripHidden: random(4) === 0,
      hasExtra: tiles.length === 1,
      room: pick(ROOMS, random),
      page: { grid: random(5), sidebar: random(5), single: pick([null, ...ids, 'gone'], random) },
    }
    const made = plan(inputs)
    const context = JSON.stringify({ ...inputs, tiles: ids.length, space })

    // Everybody once: on a page, large, in the corner, hidden by choice, or behind a tab.
    const seen = seenIn(made)
    expect(new Set(seen).size, context).toBe(seen.length)
    expect([...new Set([...seen, ...made.tabs])].sort(), context).toEqual([...ids].sort())
    expect(made.order.filter((id) => id !== null).sort(), context).toEqual([...ids].sort())
    for (const id of [...inputs.pinned, ...inputs.spotlight]) {
      const isShown = made.main.includes(id) || made.kind === 'single'
      expect(isShown || id === 'gone', `${id} is shown: ${context}`).toBe(true)
    }

    const rightToLeft = random(2) === 0
    const corner = pick(CORNERS, random)
    const places = arrangePlan(made, space, { rightToLeft, hasExtra: inputs.hasExtra, corner })
    const shown = [...made.main, ...made.strip]
    const rectangles = shown.map((id) => places.tiles.get(id) as Rectangle)
    expect([...places.tiles.keys()].sort(), context).toEqual([...shown, ...(made.corner ? [made.corner] : [])].sort())
    for (const [index, one] of rectangles.entries()) {
      expect(one.x >= -1 && one.x + one.width <= space.width + 1, `${shown[index]} in ${context}`).toBe(true)
      expect(one.y >= -1 && one.y + one.height <= space.height + 1, `${shown[index]} in ${context}`).toBe(true)
      for (const other of rectangles.slice(index + 1)) {
        expect(overlap(one, other), `${shown[index]} covered in ${context}`).toBe(false)
      }
    }
    checked += 1
  }
  expect(checked).toBe(3000)
})

test('right to left is the mirror image', () => {
  for (const tiles of [people(7), [...people(30), screen('s1'), screen('s2')]]) {
    const made = plan({ tiles, pinned: ['p2'], own: 'corner' })
    const one = arrangePlan(made, LAPTOP, { rightToLeft: false })
    const other = arrangePlan(made, LAPTOP, { rightToLeft: true })
    for (const [id, { x, width, ...rest }] of one.tiles) {
      expect(other.tiles.get(id)).toEqual({ x: LAPTOP.width - x - width, width, ...rest })
    }
  }
})

test('whoever speaks in sight stays there while others come, go and speak', () => {
  for (let seed = 1; seed <= 40; seed += 1) {
    const random = dice(seed)
    let previous: TileOrder = []
    let ids = people(30).map(({ id }) => id)
    let next = 0
    let before: StagePlan | null = null
    let moves = 0
    const layout = pick(['grid', 'sidebar'] as const, random)
    const page = { single: null, grid: random(3), sidebar: random(3) }
    for (let step = 0; step < 400; step += 1) {
      const event = random(4)
      if (event === 0) {
        ids.push(`new${next++}`)
      } else if (event === 1 && ids.length > 28) {
        const gone = 2 + random(ids.length - 2)
        ids = ids.filter((_, index) => index !== gone)
      }
      const tiles: PlannedTile[] = ids.map((id) => {
        const isSpeaking = random(8) === 0
        return person(id, { isSpeaking, isHeard: isSpeaking && random(2) === 0, lastSpokeAt: random(1000) })
      })
      const made = plan({ tiles, previous, layout, page })
      for (const { id, isSpeaking } of tiles) {
        const place = before === null ? -1 : [...before.main, ...before.strip].indexOf(id)
        if (isSpeaking && place !== -1 && before?.page === made.page) {
          const now = [...made.main, ...made.strip].indexOf(id)
          expect(now, `seed ${seed}, step ${step}`).not.toBe(-1)
          // An empty place, which is nobody's fault, is not drawn: what stands behind it moves up.
          if (!made.order.includes(null) && !before.order.includes(null)) {
            expect(now, `seed ${seed}, step ${step}`).toBe(place)
          }
          moves += 1
        }
      }
      previous = made.order
      before = made
    }
    expect(moves).toBeGreaterThan(50)
  }
})
