import { useCallback, useSyncExternalStore } from 'react'

export interface Fullscreen {
  isAvailable: boolean
  isOn: boolean
  toggle: () => void
}

function subscribe(listener: () => void): () => void {
  document.addEventListener('fullscreenchange', listener)
  return () => document.removeEventListener('fullscreenchange', listener)
}

export function useFullscreen(): Fullscreen {
  const isOn = useSyncExternalStore(
    subscribe,
    () => document.fullscreenElement !== null && document.fullscreenElement !== undefined,
  )
  const toggle = useCallback(() => {
    // A refusal (for instance by the embedding page) leaves things as they are.
    const change = document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen()
    change.catch(() => undefined)
  }, [])
  return { isAvailable: document.fullscreenEnabled === true, isOn, toggle }
}
