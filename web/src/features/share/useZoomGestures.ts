import { type RefObject, useEffect, useRef } from 'react'

export interface Point {
  /** CSS pixels from the left and the top of the element. */
  x: number
  y: number
}

/** Tells of Ctrl with the wheel (also pinching on a touch pad) and of pinching with two fingers. */
export function useZoomGestures(
  element: RefObject<HTMLElement | null>,
  onZoom: (factor: number, at: Point) => void,
): void {
  const latest = useRef(onZoom)
  useEffect(() => {
    latest.current = onZoom
  })
  useEffect(() => {
    const target = element.current
    if (target === null) {
      return
    }
    const gestures = new AbortController()
    // Not passive: the browser would zoom the page.
    const options = { passive: false, signal: gestures.signal }
    const relative = (x: number, y: number): Point => {
      const { left, top } = target.getBoundingClientRect()
      return { x: x - left, y: y - top }
    }
    target.addEventListener(
      'wheel',
      (event) => {
        if (event.ctrlKey || event.metaKey) {
          event.preventDefault()
          const pixels = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? event.deltaY : event.deltaY * 16
          latest.current(Math.exp(-Math.max(-100, Math.min(100, pixels)) / 200), relative(event.clientX, event.clientY))
        }
      },
      options,
    )
    let apart = 0
    target.addEventListener(
      'touchmove',
      (event) => {
        const [one, other] = event.touches
        if (one === undefined || other === undefined) {
          return
        }
        event.preventDefault()
        const distance = Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY)
        if (apart > 0 && distance > 0) {
          const middle = relative((one.clientX + other.clientX) / 2, (one.clientY + other.clientY) / 2)
          latest.current(distance / apart, middle)
        }
        apart = distance
      },
      options,
    )
    const forget = () => {
      apart = 0
    }
    target.addEventListener('touchend', forget, options)
    target.addEventListener('touchcancel', forget, options)
    return () => gestures.abort()
  }, [element])
}
