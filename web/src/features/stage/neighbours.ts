import type { Rectangle } from '@/call/grid'

export type Direction = 'ArrowLeft' | 'ArrowRight' | 'ArrowUp' | 'ArrowDown'

/**
 * The tile one gets to from another with an arrow key: the nearest in that direction, as it is
 * seen. Undefined where there is none. Pure.
 */
export function neighbour(
  tiles: ReadonlyMap<string, Rectangle>,
  from: string,
  direction: Direction,
): string | undefined {
  const start = tiles.get(from)
  if (start === undefined) {
    return undefined
  }
  const isSideways = direction === 'ArrowLeft' || direction === 'ArrowRight'
  const sign = direction === 'ArrowLeft' || direction === 'ArrowUp' ? -1 : 1
  let best: string | undefined
  let least = Number.POSITIVE_INFINITY
  for (const [id, tile] of tiles) {
    const across = centre(tile).x - centre(start).x
    const down = centre(tile).y - centre(start).y
    const ahead = (isSideways ? across : down) * sign
    const aside = Math.abs(isSideways ? down : across)
    // A tile counts if it lies ahead and at most twice as far aside; the rest is for other keys.
    if (id !== from && ahead > 1 && ahead >= aside * 0.5) {
      const distance = ahead + aside * 2
      if (distance < least) {
        least = distance
        best = id
      }
    }
  }
  return best
}

function centre({ x, y, width, height }: Rectangle) {
  return { x: x + width / 2, y: y + height / 2 }
}
