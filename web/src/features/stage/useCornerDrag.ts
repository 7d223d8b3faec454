import { type PointerEvent, useRef, useState } from 'react'
import type { Corner } from '@/call/arrangePlan'
import type { Rectangle, Size } from '@/call/grid'

/** A move shorter than this, in CSS pixels, is a click. */
const LEAST_MOVE = 6

/** Lets a tile be dragged; where it is let go, the nearest corner is chosen. */
export function useCornerDrag(space: Size, isRightToLeft: boolean, onChoose: (corner: Corner) => void) {
  const [moved, setMoved] = useState<{ x: number; y: number } | null>(null)
  const start = useRef<{ x: number; y: number } | null>(null)
  const end = () => {
    start.current = null
    setMoved(null)
  }
  return {
    moved,
    handlers: (place: Rectangle | undefined) => ({
      onPointerDown: (event: PointerEvent) => {
        if (event.button === 0 && !(event.target instanceof Element && event.target.closest('button'))) {
          start.current = { x: event.clientX, y: event.clientY }
          event.currentTarget.setPointerCapture?.(event.pointerId)
        }
      },
      onPointerMove: (event: PointerEvent) => {
        if (start.current !== null) {
          const next = { x: event.clientX - start.current.x, y: event.clientY - start.current.y }
          if (moved !== null || Math.hypot(next.x, next.y) >= LEAST_MOVE) {
            setMoved(next)
          }
        }
      },
      onPointerUp: () => {
        if (moved !== null && place !== undefined) {
          onChoose(nearestCorner(place, moved, space, isRightToLeft))
        }
        end()
      },
      onPointerCancel: end,
    }),
  }
}

export function nearestCorner(
  place: Rectangle,
  moved: { x: number; y: number },
  space: Size,
  isRightToLeft: boolean,
): Corner {
  const isLeft = place.x + moved.x + place.width / 2 < space.width / 2
  const isTop = place.y + moved.y + place.height / 2 < space.height / 2
  return `${isLeft === isRightToLeft ? 'end' : 'start'}-${isTop ? 'top' : 'bottom'}`
}
