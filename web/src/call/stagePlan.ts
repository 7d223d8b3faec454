/**
 * Plans the stage. Pure: tiles and choices in, ids by place out; `arrangePlan` turns the places
 * into rectangles. A new layout is a new branch here, in `arrangePlan` where its places differ,
 * and a name in the choice of layouts.
 */
import type { Size } from './grid'
import { type OrderedTile, orderTiles, type TileOrder } from './order'
import { gridCapacity, stripCapacity } from './stageSizes'

/**
 * The person's choice. `auto` is a grid until something wants the large place or is pinned, then a
 * sidebar. In `speaker` the person who speaks is large, beside a screen if there is one.
 */
export type Layout = 'auto' | 'grid' | 'speaker' | 'sidebar'

/**
 * Where one's own picture is; `auto`: in a corner while two people are alone and there is height
 * for it, else a tile. Where one tile is shown, it is only among them if that was chosen.
 */
export type OwnPlace = 'auto' | 'tile' | 'corner' | 'hidden'

/** How many tiles one can pin, and how many a host can show large to everybody. */
export const MOST_PINNED = 4
export const MOST_SPOTLIT = 3
/** From this width of the stage on two screens can stand side by side, in CSS pixels. */
export const SIDE_BY_SIDE_FROM = 1024

/** How many tiles the frame is high enough for: in a low one they go side by side. */
export type Room = 'usual' | 'low' | 'single'

export interface PlannedTile extends OrderedTile {
  /** Whether it wants the large place: a screen, a whiteboard, a film. */
  isLarge: boolean
  /** Whether it is one's own camera picture. */
  isOwnPicture?: boolean
}

export interface StageInputs {
  tiles: readonly PlannedTile[]
  /** The `order` of the plan shown before; empty at first. */
  previous: TileOrder
  layout: Layout
  space: Size
  page: TurnedPages
  room?: Room
  /** Whether one more place is needed, after the tiles, for something that is no tile. */
  hasExtra?: boolean
  /** The tiles this person pinned, by id; they are always shown. */
  pinned?: readonly string[]
  /** The tiles a host shows to everybody, by id: as if pinned first. */
  spotlight?: readonly string[]
  /** Whose tile is large in the layout `speaker`; null before anybody has spoken. */
  speaker?: string | null
  /** Which of the tiles that want the large place are looked at; empty: the newest. */
  chosen?: readonly string[]
  own?: OwnPlace
  isStripHidden?: boolean
}

/** The pages the person turned to. */
export interface TurnedPages {
  grid: number
  /** The page of the strip. */
  sidebar: number
  /** Where one tile is shown, the tile; null as long as the page decides. */
  single: string | null
}

export interface StagePlan {
  /** `single`: one tile at a time, each on a page of its own. */
  kind: 'grid' | 'sidebar' | 'single'
  /** The tiles in the large place: in a grid the whole page. */
  main: readonly string[]
  /** Those of `main` that want the large place, and get the larger part of it; none in a grid. */
  large: readonly string[]
  /** The tiles beside the large place; empty in a grid, and where the strip is hidden. */
  strip: readonly string[]
  /** All tiles that want the large place, when one has to choose among them. */
  tabs: readonly string[]
  /** One's own picture, small in a corner over the others. */
  corner: string | null
  /** Tiles that are on no page: one's own hidden picture. */
  hidden: readonly string[]
  /** All pages that can be turned: of the grid, or of the strip. */
  pages: readonly (readonly string[])[]
  /** The page that is shown, which exists. */
  page: number
  isStripHidden: boolean
  /** Every tile once, to be handed back as `previous`. */
  order: TileOrder
}

export function stagePlan(inputs: StageInputs): StagePlan {
  const { tiles, layout, space, hasExtra = false } = inputs
  if (inputs.room === 'single') {
    return planSingle(inputs)
  }
  const fixed = fixedTiles(inputs)
  const wishes = tiles.filter(({ isLarge }) => isLarge).map(({ id }) => id)
  const kind = kindOf(layout, wishes.length > 0 || fixed.length > 0)
  const large = kind === 'grid' ? [] : chooseLarge(wishes, fixed, inputs)
  const main = kind === 'grid' ? fixed : mainOfSidebar(large, fixed, inputs)
  const tabs = kind === 'grid' || wishes.length < 2 ? [] : wishes
  const own = placeOwn(inputs, kind, main)
  const away = new Set([...main, ...tabs, ...(own === null ? [] : [own.id])])
  const paged = tiles.filter(({ id }) => !away.has(id))
  const perPage =
    kind === 'grid'
      ? Math.max(1, gridCapacity(space, main.length + paged.length + (hasExtra ? 1 : 0)) - main.length)
      : stripCapacity(space, paged.length)
  const previous = inputs.previous.filter((id) => id === null || !away.has(id))
  const shown = Math.min(Math.max(0, inputs.page[kind]), lastPage(previous, paged, perPage))
  const order = orderTiles(previous, paged, { perPage, shown })
  const pages = paginate(order, perPage)
  const page = Math.min(shown, pages.length - 1)
  const visible = pages[page] ?? []
  const isStripHidden = kind === 'sidebar' && (inputs.isStripHidden ?? false)
  return {
    kind,
    main: kind === 'grid' ? [...main, ...visible] : main,
    large,
    strip: kind === 'grid' || isStripHidden ? [] : visible,
    tabs,
    corner: own?.place === 'corner' ? own.id : null,
    hidden: own?.place === 'hidden' ? [own.id] : [],
    pages,
    page,
    isStripHidden,
    order: [...order, ...away],
  }
}

/**
 * One tile fills the stage: the screen that is looked at, else who is shown to everybody or pinned,
 * else who speaks, or what stands in for others while there are none; and any other tile by turning
 * pages.
 */
function planSingle(inputs: StageInputs): StagePlan {
  const { tiles, hasExtra = false, speaker = null, chosen = [] } = inputs
  const own = placeOwn(inputs, 'single', [])
  const paged = tiles.filter(({ id }) => id !== own?.id).map(({ id }) => id)
  const order = [...new Set([...inputs.previous.filter((id) => id !== null && paged.includes(id)), ...paged])]
  const pages: string[][] = [...paged.map((id) => [id]), ...(hasExtra ? [[]] : [])]
  const wishes = tiles.filter(({ isLarge }) => isLarge).map(({ id }) => id)
  const wanted = [
    inputs.page.single,
    wishes.findLast((id) => chosen.includes(id)) ?? wishes.at(-1),
    ...fixedTiles(inputs),
    speaker,
    hasExtra ? undefined : firstOther(tiles)?.id,
  ].find((id) => id !== undefined && id !== null && paged.includes(id))
  const page = wanted === undefined || wanted === null ? pages.length - 1 : pages.findIndex(([id]) => id === wanted)
  return {
    kind: 'single',
    main: pages[page] ?? [],
    large: [],
    strip: [],
    tabs: [],
    corner: null,
    hidden: own === null ? [] : [own.id],
    pages: pages.length > 0 ? pages : [[]],
    page: Math.max(0, page),
    isStripHidden: false,
    order: [...order, ...(own === null ? [] : [own.id])],
  }
}

function kindOf(layout: Layout, hasReason: boolean): 'grid' | 'sidebar' {
  return layout === 'grid' || (layout === 'auto' && !hasReason) ? 'grid' : 'sidebar'
}

/** The tiles that never give way: what the host shows to everybody, then one's own pins. */
function fixedTiles({ tiles, spotlight = [], pinned = [] }: StageInputs): string[] {
  const there = new Set(tiles.map(({ id }) => id))
  const wanted = [
    ...spotlight.filter((id) => there.has(id)).slice(0, MOST_SPOTLIT),
    ...pinned.filter((id) => there.has(id)).slice(0, MOST_PINNED),
  ]
  return [...new Set(wanted)]
}

/** One or two of the tiles that want the large place, and those that are pinned. */
function chooseLarge(wishes: readonly string[], fixed: readonly string[], { chosen = [], space }: StageInputs) {
  const wanted = chosen.filter((id) => wishes.includes(id))
  const shown = (wanted.length > 0 ? wanted : wishes.slice(-1)).slice(0, space.width >= SIDE_BY_SIDE_FROM ? 2 : 1)
  return [...new Set([...shown, ...fixed.filter((id) => wishes.includes(id))])]
}

function mainOfSidebar(
  large: readonly string[],
  fixed: readonly string[],
  { layout, tiles, speaker = null }: StageInputs,
): string[] {
  const main = [...new Set([...large, ...fixed])]
  if (layout === 'speaker' && fixed.length === 0) {
    const them = tiles.find(({ id }) => id === speaker) ?? (main.length === 0 ? firstOther(tiles) : undefined)
    return [...main, ...(them === undefined || main.includes(them.id) ? [] : [them.id])]
  }
  if (main.length > 0) {
    return main
  }
  const them = firstOther(tiles)
  return them === undefined ? [] : [them.id]
}

/** A sidebar without anything to show large shows a person. */
function firstOther(tiles: readonly PlannedTile[]): PlannedTile | undefined {
  return tiles.find(({ isLocal }) => !isLocal) ?? tiles[0]
}

/** Where one's own picture is instead of among the tiles; null where it is one of them. */
function placeOwn(
  { tiles, own = 'tile', room = 'usual' }: StageInputs,
  kind: StagePlan['kind'],
  main: readonly string[],
): { id: string; place: 'corner' | 'hidden' } | null {
  const tile = tiles.find(({ isOwnPicture }) => isOwnPicture)
  if (tile === undefined || tiles.length === 1 || main.includes(tile.id)) {
    return null
  }
  if (kind === 'single') {
    return own === 'tile' ? null : { id: tile.id, place: 'hidden' }
  }
  const isAlone = kind === 'grid' && tiles.length === 2 && room === 'usual'
  const place = own === 'auto' ? (isAlone ? 'corner' : 'tile') : own
  return place === 'tile' ? null : { id: tile.id, place }
}

/** The last page there can be. The page in sight has to exist, or nobody on it would be spared. */
function lastPage(previous: TileOrder, paged: readonly PlannedTile[], perPage: number): number {
  const there = new Set(paged.map(({ id }) => id))
  const places = Math.max(paged.length, previous.findLastIndex((id) => id !== null && there.has(id)) + 1)
  return Math.max(0, Math.ceil(places / perPage) - 1)
}

function paginate(order: TileOrder, perPage: number): string[][] {
  const pages: string[][] = []
  for (let start = 0; start < order.length; start += perPage) {
    pages.push(order.slice(start, start + perPage).filter((id) => id !== null))
  }
  return pages.length > 0 ? pages : [[]]
}

/** The choice among the tiles that want the large place. */
export interface LargeChoice {
  /** All there were, to tell which are new. */
  seen: readonly string[]
  chosen: readonly string[]
}

/** Follows who comes and goes: the newest takes the large place once, then the person decides. */
export function followLarge(before: LargeChoice, wishes: readonly string[]): LargeChoice {
  const newest = wishes.findLast((id) => !before.seen.includes(id))
  const kept = before.chosen.filter((id) => wishes.includes(id))
  if (newest !== undefined) {
    return { seen: wishes, chosen: kept.length > 1 ? [...kept.slice(0, 1), newest] : [newest] }
  }
  return { seen: wishes, chosen: kept.length > 0 ? kept : wishes.slice(-1) }
}
