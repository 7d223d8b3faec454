/**
 * Turns the places of a plan into rectangles. Pure. Everything is laid out from left to right, and
 * mirrored at the end where people write from right to left.
 */
import { arrangeGrid, type Rectangle, type Size } from './grid'
import type { StagePlan } from './stagePlan'
import { cornerSize, GAP, PAGER_HEIGHT, stripOf, TABS_HEIGHT, within } from './stageSizes'

/** The corner of one's own picture: along the line of writing, then from top to bottom. */
export type Corner = 'start-top' | 'end-top' | 'start-bottom' | 'end-bottom'

/** The part of the large place that pinned people have beside a screen. */
const PINNED_BESIDE = { least: 140, share: 0.28, most: 480 }
const PINNED_BELOW = { least: 90, share: 0.3, most: 320 }
/** Room for the pager where it stands on a tile. */
const PAGER_WIDTH = 160
/** A large place at least so much wider than high has the pinned people at its end. */
const BESIDE_FROM = 1.2

export interface Arrangement {
  /** By tile id. */
  tiles: ReadonlyMap<string, Rectangle>
  /** The place for what is no tile. */
  extra: Rectangle | null
  pager: Rectangle | null
  /** Where one chooses among screens. */
  tabs: Rectangle | null
}

export interface ArrangeOptions {
  rightToLeft: boolean
  hasExtra?: boolean
  corner?: Corner
}

export function arrangePlan(plan: StagePlan, space: Size, options: ArrangeOptions): Arrangement {
  const { hasExtra = false } = options
  const made =
    plan.kind === 'single'
      ? arrangeSingle(plan, space, hasExtra)
      : plan.kind === 'grid'
        ? arrangePage(plan, space, hasExtra)
        : arrangeSidebar(plan, space)
  const pagerHeight = plan.kind === 'grid' && made.pager !== null ? PAGER_HEIGHT : 0
  const corner = plan.corner === null ? [] : [[plan.corner, cornerPlace(space, pagerHeight, options.corner)] as const]
  const all = { ...made, tiles: new Map([...made.tiles, ...corner]) }
  return options.rightToLeft ? mirror(all, space.width) : all
}

function arrangePage(plan: StagePlan, space: Size, hasExtra: boolean): Arrangement {
  const hasPager = plan.pages.length > 1
  const size = hasPager ? { ...space, height: Math.max(0, space.height - PAGER_HEIGHT) } : space
  const isExtraHere = hasExtra && plan.page === plan.pages.length - 1
  const { tiles } = arrangeGrid(size, plan.main.length + (isExtraHere ? 1 : 0), { gap: GAP })
  return {
    tiles: place(plan.main, tiles),
    extra: isExtraHere ? (tiles.at(-1) ?? null) : null,
    pager: hasPager ? { x: 0, y: size.height, width: space.width, height: PAGER_HEIGHT } : null,
    tabs: null,
  }
}

/** All the room is the tile's; pages are turned above it, in the middle of its upper edge. */
function arrangeSingle(plan: StagePlan, space: Size, hasExtra: boolean): Arrangement {
  const whole = { x: 0, y: 0, ...space }
  const isExtraHere = hasExtra && plan.page === plan.pages.length - 1
  const width = Math.min(PAGER_WIDTH, space.width)
  const x = Math.round((space.width - width) / 2)
  return {
    tiles: place(plan.main, [whole]),
    extra: isExtraHere ? { ...whole, y: PAGER_HEIGHT, height: Math.max(0, space.height - PAGER_HEIGHT) } : null,
    pager: plan.pages.length > 1 ? { x, y: 0, width, height: PAGER_HEIGHT } : null,
    tabs: null,
  }
}

function arrangeSidebar(plan: StagePlan, space: Size): Arrangement {
  if (plan.strip.length === 0) {
    return { ...arrangeMain(plan, { x: 0, y: 0, ...space }), extra: null, pager: null }
  }
  const hasPager = plan.pages.length > 1
  const { isAtSide, tile } = stripOf(space)
  const step = isAtSide ? tile.height + GAP : tile.width + GAP
  const x = space.width - tile.width
  const strip = plan.strip.map((id, index): [string, Rectangle] => [
    id,
    isAtSide ? { x, y: index * step, ...tile } : { x: index * step, y: 0, ...tile },
  ])
  const top = tile.height + GAP
  const bottom = hasPager && !isAtSide ? PAGER_HEIGHT : 0
  const area: Rectangle = isAtSide
    ? { x: 0, y: 0, width: x - GAP, height: space.height }
    : { x: 0, y: top, width: space.width, height: Math.max(0, space.height - top - bottom) }
  const main = arrangeMain(plan, area)
  const pager = isAtSide
    ? { x, y: space.height - PAGER_HEIGHT, width: tile.width, height: PAGER_HEIGHT }
    : { x: 0, y: space.height - PAGER_HEIGHT, width: space.width, height: PAGER_HEIGHT }
  return { ...main, tiles: new Map([...main.tiles, ...strip]), extra: null, pager: hasPager ? pager : null }
}

/** The large place: screens, and beside or below them the people who never give way. */
function arrangeMain(plan: StagePlan, whole: Rectangle): Pick<Arrangement, 'tiles' | 'tabs'> {
  const hasTabs = plan.tabs.length > 0
  const area = hasTabs ? { ...whole, y: whole.y + TABS_HEIGHT, height: Math.max(0, whole.height - TABS_HEIGHT) } : whole
  const tabs = hasTabs ? { ...whole, height: TABS_HEIGHT } : null
  const people = plan.main.filter((id) => !plan.large.includes(id))
  if (plan.large.length === 0 || people.length === 0) {
    return { tiles: plan.large.length > 0 ? beside(plan.large, area) : gridIn(people, area), tabs }
  }
  if (area.width >= area.height * BESIDE_FROM) {
    const width = within(PINNED_BESIDE, area.width)
    const rest = area.width - width - GAP
    const column = { ...area, x: area.x + rest + GAP, width }
    return { tiles: new Map([...beside(plan.large, { ...area, width: rest }), ...gridIn(people, column)]), tabs }
  }
  const height = within(PINNED_BELOW, area.height)
  const rest = Math.max(0, area.height - height - GAP)
  const row = { ...area, y: area.y + rest + GAP, height }
  return { tiles: new Map([...beside(plan.large, { ...area, height: rest }), ...gridIn(people, row)]), tabs }
}

function beside(ids: readonly string[], area: Rectangle): Map<string, Rectangle> {
  const width = Math.floor((area.width - GAP * (ids.length - 1)) / ids.length)
  return new Map(ids.map((id, index) => [id, { ...area, x: area.x + index * (width + GAP), width }]))
}

/** One fills the area; more are a grid. */
function gridIn(ids: readonly string[], area: Rectangle): Map<string, Rectangle> {
  if (ids.length < 2) {
    return place(ids, [area])
  }
  const { tiles } = arrangeGrid(area, ids.length, { gap: GAP })
  return place(
    ids,
    tiles.map(({ x, y, ...size }) => ({ x: area.x + x, y: area.y + y, ...size })),
  )
}

function cornerPlace(space: Size, pagerHeight: number, corner: Corner = 'end-bottom'): Rectangle {
  const size = cornerSize(space)
  return {
    x: corner.startsWith('start') ? GAP : space.width - size.width - GAP,
    y: corner.endsWith('top') ? GAP : space.height - pagerHeight - size.height - GAP,
    ...size,
  }
}

function place(ids: readonly string[], rectangles: readonly Rectangle[]): Map<string, Rectangle> {
  return new Map(ids.flatMap((id, index) => (rectangles[index] ? [[id, rectangles[index]]] : [])))
}

function mirror(made: Arrangement, width: number): Arrangement {
  const flip = (one: Rectangle): Rectangle => ({ ...one, x: width - one.x - one.width })
  const flipped = (one: Rectangle | null) => (one === null ? null : flip(one))
  return {
    tiles: new Map([...made.tiles].map(([id, one]) => [id, flip(one)])),
    extra: flipped(made.extra),
    pager: flipped(made.pager),
    tabs: flipped(made.tabs),
  }
}
