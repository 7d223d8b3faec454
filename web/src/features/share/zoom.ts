/** How large a shared screen is shown. Pure. */

/** CSS pixels for each pixel of the screen; `fit`: as large as the place allows. */
export type Zoom = 'fit' | number

export interface Extent {
  width: number
  height: number
}

const MOST = 4

/** The scale at which the whole screen just fits its place; 1 while a size is unknown. */
export function fitScale(screen: Extent, place: Extent): number {
  const scale = Math.min(place.width / screen.width, place.height / screen.height)
  return Number.isFinite(scale) && scale > 0 ? scale : 1
}

/** The zoom after this one by a factor; back at `fit` once nothing is cut any more. */
export function zoomBy(zoom: Zoom, factor: number, fit: number): Zoom {
  const next = Math.min(Math.max(MOST, fit), (zoom === 'fit' ? fit : zoom) * factor)
  return next <= fit * 1.001 ? 'fit' : next
}

/**
 * Where to scroll to so that what is under a point stays there.
 * @param point distance of the pointer from the start of the place
 */
export function keepUnder(scroll: number, point: number, before: number, after: number): number {
  return Math.max(0, ((scroll + point) * after) / before - point)
}
