import { useSyncExternalStore } from 'react'
import type { Watchable } from './store'

/** The present value of a watchable, kept up to date while the component is mounted. */
export function useWatchable<T>(watchable: Watchable<T>): T {
  return useSyncExternalStore(watchable.subscribe, watchable.getSnapshot)
}
