import type { Corner } from '@/call/arrangePlan'
import { type Layout, MOST_PINNED, type OwnPlace } from '@/call/stagePlan'
import { Cell } from '@/lib/store'

/** How this person wants the stage; kept for the meeting. */
export interface StageChoices {
  layout: Layout
  own: OwnPlace
  corner: Corner
  isStripHidden: boolean
  /** Ids of tiles. They are those of people, so that a pin outlives a reconnect. */
  pinned: readonly string[]
}

export const LAYOUTS: readonly Layout[] = ['auto', 'grid', 'speaker', 'sidebar']

export class StageChoiceCell extends Cell<StageChoices> {
  /** @param wish the layout to begin with; `auto` for anything that is none */
  constructor(wish: string | null = null) {
    const layout = LAYOUTS.find((one) => one === wish) ?? 'auto'
    super({ layout, own: 'auto', corner: 'end-bottom', isStripHidden: false, pinned: [] })
  }

  nextLayout(): void {
    const place = LAYOUTS.indexOf(this.getSnapshot().layout)
    this.update({ layout: LAYOUTS[(place + 1) % LAYOUTS.length] ?? 'auto' })
  }

  toggleStrip(): void {
    this.update({ isStripHidden: !this.getSnapshot().isStripHidden })
  }

  /**
   * False where no more can be pinned. Pins of people who are away keep no place.
   * @param there the ids of all tiles
   */
  canPin(id: string, there: ReadonlySet<string>): boolean {
    const { pinned } = this.getSnapshot()
    return pinned.includes(id) || pinned.filter((one) => there.has(one)).length < MOST_PINNED
  }

  togglePin(id: string, there: ReadonlySet<string>): void {
    const { pinned } = this.getSnapshot()
    if (pinned.includes(id)) {
      this.update({ pinned: pinned.filter((one) => one !== id) })
    } else if (this.canPin(id, there)) {
      const kept = pinned.length < MOST_PINNED ? pinned : pinned.filter((one) => there.has(one))
      this.update({ pinned: [...kept, id] })
    }
  }
}
