import { useSyncExternalStore } from 'react'

/** `low`: a landscape phone. `least`: there is room for one picture and nothing else. */
export type FrameHeight = 'usual' | 'low' | 'least'

const LOW = '(max-height: 420px)'
const LEAST = '(max-height: 279.98px)'

function subscribe(listener: () => void): () => void {
  const queries = [LOW, LEAST].map((query) => window.matchMedia(query))
  for (const query of queries) {
    query.addEventListener('change', listener)
  }
  return () => {
    for (const query of queries) {
      query.removeEventListener('change', listener)
    }
  }
}

function look(): FrameHeight {
  return window.matchMedia(LEAST).matches ? 'least' : window.matchMedia(LOW).matches ? 'low' : 'usual'
}

/** How high the window is, or the frame that the page is embedded in; followed as it changes. */
export function useFrameHeight(): FrameHeight {
  return useSyncExternalStore(subscribe, look)
}
