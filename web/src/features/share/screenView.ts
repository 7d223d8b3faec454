import { Cell } from '@/lib/store'
import type { Zoom } from './zoom'

/** How one looks at one shared screen. */
export class ScreenView extends Cell<{ zoom: Zoom }> {
  /** The element that is shown in full screen. */
  element: HTMLElement | null = null

  constructor() {
    super({ zoom: 'fit' })
  }

  /** One pixel of the screen for each of the display, or as much as fits. */
  toggleSize(): void {
    this.update({ zoom: this.getSnapshot().zoom === 'fit' ? 1 / window.devicePixelRatio : 'fit' })
  }

  toggleFullscreen(): void {
    // A refusal (for instance by the embedding page) leaves things as they are.
    const change = document.fullscreenElement ? document.exitFullscreen() : this.element?.requestFullscreen()
    change?.catch(() => undefined)
  }
}

/** The views of the screens in a meeting; a share that comes again begins anew. */
export class ScreenViews {
  readonly #views = new Map<string, ScreenView>()

  of(id: string): ScreenView {
    const view = this.#views.get(id) ?? new ScreenView()
    this.#views.set(id, view)
    return view
  }

  /** Forgets the views of screens that are no more. */
  keep(ids: ReadonlySet<string>): void {
    for (const id of this.#views.keys()) {
      if (!ids.has(id)) {
        this.#views.delete(id)
      }
    }
  }
}
