/**
 * The camera as it may be seen before a meeting: with its background hidden where that is wanted,
 * and not at all until it is.
 */
import { Cell } from '@/lib/store'
import { background } from './background'
import type { BackgroundFilter } from './backgroundFilter'
import { fetchFilter } from './fetchFilter'

export class ShownCamera extends Cell<{ track: MediaStreamTrack | null }> {
  readonly #camera: MediaStreamTrack
  readonly #onTrouble: () => void
  readonly #stopFollowing: () => void
  #filter: BackgroundFilter | null = null
  #isOver = false
  /** One change after another. */
  #work: Promise<void> = Promise.resolve()

  /** `onTrouble`: the camera has to go off. */
  constructor(camera: MediaStreamTrack, onTrouble: () => void) {
    super({ track: background.isWanted() ? null : camera })
    this.#camera = camera
    this.#onTrouble = onTrouble
    this.#stopFollowing = background.subscribe(() => this.#review())
    this.#review()
  }

  stop(): void {
    this.#isOver = true
    this.#stopFollowing()
    this.#work = this.#work.then(() => this.#drop())
  }

  #review(): void {
    this.#work = this.#work.then(() => this.#apply())
  }

  async #apply(): Promise<void> {
    const isWanted = background.isWanted()
    if (this.#isOver || isWanted === (this.#filter !== null)) {
      return
    }
    if (!isWanted) {
      this.update({ track: this.#camera })
      await this.#drop()
      return
    }
    this.update({ track: null })
    try {
      this.#filter = await fetchFilter((trouble) => this.#fail(trouble))
      await this.#filter.init({ track: this.#camera })
      this.update({ track: this.#filter.processedTrack ?? null })
    } catch {
      await this.#drop()
      this.#fail('failed')
    }
  }

  #fail(trouble: 'failed' | 'slow'): void {
    this.update({ track: null })
    if (!this.#isOver) {
      background.report(trouble)
      this.#onTrouble()
    }
  }

  async #drop(): Promise<void> {
    await this.#filter?.destroy()
    this.#filter = null
  }
}
