/** The tiles for which a small window has room. Pure. */

export const MOST_TILES = 4

export interface Choosable {
  id: string
  participantId: string | null
  isLocal: boolean
  isLarge: boolean
}

/**
 * The newest shared screen with the one who spoke last; without a screen, those who spoke last, in
 * the order of the stage. One's own tile only where there is nobody else.
 */
export function smallTiles<Tile extends Choosable>(
  tiles: readonly Tile[],
  lastSpokeAt: (participantId: string) => number,
): Tile[] {
  const screen = tiles.findLast(({ isLarge }) => isLarge)
  const people = tiles.filter(({ isLarge }) => !isLarge)
  const others = people.filter(({ isLocal }) => !isLocal)
  const candidates = others.length > 0 ? others : people.slice(0, 1)
  const spokeAt = ({ participantId }: Tile) => (participantId === null ? 0 : lastSpokeAt(participantId))
  const lately = [...candidates].sort((one, other) => spokeAt(other) - spokeAt(one))
  if (screen !== undefined) {
    return [screen, ...lately.slice(0, 1)]
  }
  const chosen = new Set(lately.slice(0, MOST_TILES))
  return candidates.filter((tile) => chosen.has(tile))
}
