/**
 * The tiles of the stage, as values: a camera tile for each participant, and a tile for each shared
 * screen.
 */
import { Cell } from '@/lib/store'
import type { Participant, Participants } from './participants'

/**
 * A feature that shows something else (a whiteboard, a film) adds its kind here and its tiles in
 * `app/InMeeting.tsx`.
 */
export type TileKind = 'camera' | 'screen'

export interface Tile {
  readonly id: string
  readonly kind: TileKind
  readonly participant: Participant
}

export interface TilesState {
  all: readonly Tile[]
}

export class Tiles extends Cell<TilesState> {
  constructor(participants: Participants) {
    super({ all: tilesOf(participants.getSnapshot().all) })
    participants.subscribe(() => {
      const tiles = tilesOf(participants.getSnapshot().all)
      const before = this.getSnapshot().all
      if (tiles.length !== before.length || tiles.some((tile, index) => !isSame(tile, before[index]))) {
        this.update({ all: tiles })
      }
    })
  }
}

function tilesOf(participants: readonly Participant[]): Tile[] {
  return participants.flatMap((participant) => {
    const camera: Tile = { id: participant.id, kind: 'camera', participant }
    return participant.sharesScreen
      ? [camera, { id: `${participant.id}:screen`, kind: 'screen', participant }]
      : [camera]
  })
}

function isSame(tile: Tile, other: Tile | undefined): boolean {
  return tile.id === other?.id && tile.participant === other.participant
}
