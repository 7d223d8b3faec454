/** Fetches what hides a background, once it is wanted. */
import { effects } from 'virtual:effects'
import { BackgroundError } from './background'
import type { BackgroundFilter } from './backgroundFilter'

/** A filter that is not started yet. `onTrouble` is called when it stops by itself. */
export async function fetchFilter(onTrouble: (trouble: 'failed' | 'slow') => void): Promise<BackgroundFilter> {
  if (effects === null) {
    throw new BackgroundError('this page was built without backgrounds')
  }
  try {
    const { BackgroundFilter } = await import('./backgroundFilter')
    return new BackgroundFilter(effects, onTrouble)
  } catch {
    throw new BackgroundError('what hides the background could not be fetched')
  }
}
