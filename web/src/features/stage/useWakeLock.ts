import { useEffect } from 'react'

/** Keeps the screen on while somebody is in a meeting, where the browser can. */
export function useWakeLock(): void {
  useEffect(() => {
    let lock: WakeLockSentinel | null = null
    let isOver = false
    const request = async () => {
      if (document.visibilityState !== 'visible' || !navigator.wakeLock) {
        return
      }
      try {
        const granted = await navigator.wakeLock.request('screen')
        if (isOver) {
          await granted.release()
        } else {
          lock = granted
        }
      } catch {
        // Low battery or a policy; the meeting goes on.
      }
    }
    // The lock ends by itself when the page is hidden.
    const again = () => void request()
    again()
    document.addEventListener('visibilitychange', again)
    return () => {
      isOver = true
      document.removeEventListener('visibilitychange', again)
      lock?.release().catch(() => undefined)
    }
  }, [])
}
