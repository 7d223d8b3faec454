/** Sizes of the parts of the stage in CSS pixels, and how many tiles they hold. Pure. */
import { type Size, tilesPerPage } from './grid'

/** Space between tiles. */
export const GAP = 8
/** The line that turns pages, with its margin. */
export const PAGER_HEIGHT = 52
/** The line in which one chooses among screens, with its margin. */
export const TABS_HEIGHT = 52
export const PICTURE = 16 / 9
/** From this width on the strip stands at the side of a stage that is not higher than wide. */
const SIDE_STRIP_FROM = 900
const STRIP_WIDTH = { least: 160, share: 0.2, most: 240 }
const STRIP_HEIGHT = { least: 56, share: 0.22, most: 135 }
/** At least so many tiles stand in a strip above, from these widths on. */
const TILES_ABOVE = [
  { from: 484, count: 4 },
  { from: 0, count: 3 },
] as const
const CORNER_WIDTH = { least: 112, share: 0.2, most: 240 }

export interface Strip {
  /** At the end of the stage, else above it. */
  isAtSide: boolean
  tile: Size
}

export function stripOf(space: Size): Strip {
  const isAtSide = space.width >= SIDE_STRIP_FROM && space.height <= space.width
  if (isAtSide) {
    const width = within(STRIP_WIDTH, space.width)
    return { isAtSide, tile: { width, height: Math.round(width / PICTURE) } }
  }
  const { count } = TILES_ABOVE.find(({ from }) => space.width >= from) ?? TILES_ABOVE[1]
  const widest = Math.floor((space.width - GAP * (count - 1)) / count)
  const width = Math.max(1, Math.min(widest, Math.round(within(STRIP_HEIGHT, space.height) * PICTURE)))
  return { isAtSide, tile: { width, height: Math.round(width / PICTURE) } }
}

export function stripCapacity(space: Size, count: number): number {
  const { isAtSide, tile } = stripOf(space)
  const capacity = (pager: number) =>
    isAtSide
      ? Math.floor((space.height - pager + GAP) / (tile.height + GAP))
      : Math.floor((space.width + GAP) / (tile.width + GAP))
  const whole = Math.max(1, capacity(0))
  return count <= whole ? whole : Math.max(1, capacity(PAGER_HEIGHT))
}

export function gridCapacity(space: Size, count: number): number {
  const whole = tilesPerPage(space, GAP)
  const withPager = { ...space, height: Math.max(0, space.height - PAGER_HEIGHT) }
  return count <= whole ? whole : tilesPerPage(withPager, GAP)
}

export function cornerSize(space: Size): Size {
  const width = within(CORNER_WIDTH, space.width)
  return { width, height: Math.round(width / PICTURE) }
}

export function within({ least, share, most }: { least: number; share: number; most: number }, whole: number): number {
  return Math.round(Math.min(most, Math.max(least, whole * share)))
}
