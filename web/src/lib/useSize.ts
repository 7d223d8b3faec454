import { type RefObject, useLayoutEffect, useState } from 'react'
export interface Size {
  width: number
  height: number
}

/** The inner size of an element in CSS pixels, followed as it changes. */
export function useSize(element: RefObject<HTMLElement | null>): Size {
  const [size, setSize] = useState<Size>({ width: 0, height: 0 })
  useLayoutEffect(() => {
    const target = element.current
    if (target === null) {
      return
    }
    const measure = () => {
      const width = target.clientWidth
      const height = target.clientHeight
      setSize((known) => (known.width === width && known.height === height ? known : { width, height }))
    }
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(target)
    return () => observer.disconnect()
  }, [element])
  return size
}
