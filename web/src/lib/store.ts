/** A value that can be watched; React reads it through `useSyncExternalStore`. */
export interface Watchable<T> {
  subscribe(listener: () => void): () => void
  getSnapshot(): T
}

/** Holds one immutable value and tells its listeners when it is replaced. */
export class Cell<T extends object> implements Watchable<T> {
  readonly #listeners = new Set<() => void>()
  #value: T

  constructor(value: T) {
    this.#value = value
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  readonly getSnapshot = (): T => this.#value

  /** Replaces the given fields; does nothing when none of them differs. */
  update(change: Partial<T>): void {
    const keys = Object.keys(change) as (keyof T)[]
    if (keys.every((key) => Object.is(this.#value[key], change[key]))) {
      return
    }
    this.#value = { ...this.#value, ...change }
    for (const listener of [...this.#listeners]) {
      listener()
    }
  }
}
