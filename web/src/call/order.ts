/**
 * The order of tiles over several pages. Tiles move as little as possible:
 *
 * - One's own tile is first; newcomers come last.
 * - Nobody on the page one looks at changes places because somebody speaks, with one exception:
 * somebody who is heard
 *   on a page out of sight takes the place of the person on the first page who has been silent
 * longest.
 * - When somebody leaves, their place is filled from the end, so that the pages in between stay as
 * they are.
 */
export interface OrderedTile {
  id: string
  isLocal: boolean
  /** Whether they speak now or paused only a moment ago; then the tile stays where it is. */
  isSpeaking: boolean
  /** Whether they have spoken long enough to be moved where they can be seen. */
  isHeard: boolean
  /** Any clock that goes forward; 0 for somebody who has not spoken. */
  lastSpokeAt: number
}

export interface Pages {
  /** The number of tiles on a page. */
  perPage: number
  /** The index of the page one looks at. */
  shown: number
}

/**
 * The ids by place. A place is empty (null) where nobody could be moved to it without being
 * noticed.
 */
export type TileOrder = readonly (string | null)[]

type Place = OrderedTile | null

/** @param previous the order shown last */
export function orderTiles(previous: TileOrder, tiles: readonly OrderedTile[], pages: Pages): TileOrder {
  const places = seat(previous, tiles, pages)
  const { perPage, shown } = pages
  for (let index = perPage; index < places.length; index += 1) {
    const speaker = places[index]
    const isInSight = Math.floor(index / perPage) === shown
    const place = speaker?.isHeard && !isInSight ? longestSilent(places, perPage) : -1
    const silent = places[place]
    if (speaker && silent) {
      places[place] = speaker
      places[index] = silent
    }
  }
  return places.map((tile) => tile?.id ?? null)
}

/** Everybody once: at their place of before, else in a place that became free, else at the end. */
function seat(previous: TileOrder, tiles: readonly OrderedTile[], { perPage, shown }: Pages): Place[] {
  const byId = new Map(tiles.map((tile) => [tile.id, tile]))
  const known = new Set(previous)
  const own = tiles.filter(({ isLocal }) => isLocal)
  const newcomers = tiles.filter(({ id, isLocal }) => !isLocal && !known.has(id))
  const others = previous
    .map((id) => (id === null ? null : (byId.get(id) ?? null)))
    .filter((tile) => tile === null || !tile.isLocal)
  if (tiles.length <= perPage) {
    return [...own, ...others.filter((tile) => tile !== null), ...newcomers]
  }
  const places: Place[] = [...own, ...others]
  for (let gap = 0; gap < places.length; gap += 1) {
    if (places[gap] === null) {
      const mover = newcomers.length > 0 ? -1 : findMover(places, gap, (index) => Math.floor(index / perPage) === shown)
      places[gap] = newcomers.shift() ?? places[mover] ?? null
      if (mover !== -1) {
        places[mover] = null
      }
    }
  }
  while (places.at(-1) === null) {
    places.pop()
  }
  return [...places, ...newcomers]
}

/** The last tile behind the gap that is not in sight and speaking; −1 when there is none. */
function findMover(places: readonly Place[], gap: number, isInSight: (index: number) => boolean): number {
  return places.findLastIndex((tile, index) => index > gap && tile !== null && !(tile.isSpeaking && isInSight(index)))
}

/** The place on the first page that can be given away, or −1 when everybody there is speaking. */
function longestSilent(places: readonly Place[], perPage: number): number {
  let found = -1
  let since = Number.POSITIVE_INFINITY
  for (const [index, tile] of places.slice(0, perPage).entries()) {
    if (tile !== null && !tile.isLocal && !tile.isSpeaking && tile.lastSpokeAt <= since) {
      found = index
      since = tile.lastSpokeAt
    }
  }
  return found
}
