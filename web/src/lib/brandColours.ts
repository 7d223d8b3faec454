import { contrast, mix, NEAR_BLACK, parseHex, type Rgb, readableOn, toHex, WHITE } from './contrast'

export interface Surface {
  /** What the accent lies on. */
  background: Rgb
  /** The end of the scale that stands out from the background. */
  strongest: Rgb
}

export const LIGHT_SURFACE: Surface = { background: [255, 255, 255], strongest: NEAR_BLACK }
export const DARK_SURFACE: Surface = { background: [22, 32, 29], strongest: WHITE }

/**
 * The page's accent variables for a brand's main colour, readable on the given surface: text on the accent has at least
 * 4.5:1, the accent as text 4.5:1, and the accent as a shape 3:1. Returns null when the colour is not #rgb or #rrggbb.
 */
export function brandColours(mainColor: string, surface: Surface): Record<string, string> | null {
  const main = parseHex(mainColor)
  if (main === null) {
    return null
  }
  const shape = readableOn(main, surface.background, surface.strongest, 3)
  const onWhite = contrast(shape, WHITE)
  const onBlack = contrast(shape, NEAR_BLACK)
  const label = onWhite >= 4.5 || onWhite >= onBlack ? WHITE : NEAR_BLACK
  const fill = readableOn(shape, label, label === WHITE ? NEAR_BLACK : WHITE, 4.5)
  return {
    '--accent': toHex(fill),
    '--accent-hover': toHex(mix(fill, surface.strongest, 0.12)),
    '--on-accent': toHex(label),
    '--accent-soft': toHex(mix(surface.background, main, 0.14)),
    '--accent-ink': toHex(readableOn(main, mix(surface.background, main, 0.14), surface.strongest, 4.5)),
  }
}
