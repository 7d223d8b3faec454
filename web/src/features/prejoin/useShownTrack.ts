import { useEffect, useRef, useState } from 'react'
import { ShownCamera } from '@/call/background/shownCamera'

/** The camera as the others would see it, or null as long as its background is not hidden yet. */
export function useShownTrack(camera: MediaStreamTrack | null, onTrouble: () => void): MediaStreamTrack | null {
  const [shown, setShown] = useState<{ camera: MediaStreamTrack | null; track: MediaStreamTrack | null }>({
    camera: null,
    track: null,
  })
  const latest = useRef(onTrouble)
  useEffect(() => {
    latest.current = onTrouble
  })
  useEffect(() => {
    if (camera === null) {
      return
    }
    const shownCamera = new ShownCamera(camera, () => latest.current())
    const show = () => setShown({ camera, track: shownCamera.getSnapshot().track })
    const stopWatching = shownCamera.subscribe(show)
    show()
    return () => {
      stopWatching()
      shownCamera.stop()
    }
  }, [camera])
  return shown.camera === camera ? shown.track : null
}
