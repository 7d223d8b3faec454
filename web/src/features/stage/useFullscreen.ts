import { Maximize, Minimize } from 'lucide-react'
import { useCallback, useSyncExternalStore } from 'react'
import { useTranslation } from 'react-i18next'
import type { ControlEntry } from '@/ui/controls'

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

/**
 * The button of the full screen; null where the browser or the embedding page does not allow it.
 */
export function useFullscreenControl(): ControlEntry | null {
  const { t } = useTranslation()
  const { isAvailable, isOn, toggle } = useFullscreen()
  return isAvailable
    ? {
        id: 'fullscreen',
        label: t(isOn ? 'stage.exitFullscreen' : 'stage.fullscreen'),
        icon: isOn ? Minimize : Maximize,
        order: 90,
        from: 1024,
        rank: 80,
        isSide: true,
        keys: { label: t('keys.fullscreen'), letter: 'F', chord: 'F', withAlt: true },
        onPress: toggle,
      }
    : null
}
