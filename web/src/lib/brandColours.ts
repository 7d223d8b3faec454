import { contrast, mix, NEAR_BLACK, parseHex, type Rgb, readableOn, toHex, WHITE } from './contrast'

export interface Surface {
  /** The background that the accent lies on. */
  background: Rgb
  /** Everything that text in the accent may stand on. */
  grounds: readonly Rgb[]
  /** The end of the scale that stands out from the background. */
  strongest: Rgb
}

export const LIGHT_SURFACE: Surface = {
  background: [255, 255, 255],
  grounds: [
    [255, 255, 255],
    [242, 245, 243],
    [232, 237, 234],
  ],
  strongest: NEAR_BLACK,
}
export const DARK_SURFACE: Surface = {
  background: [22, 32, 29],
  grounds: [
    [22, 32, 29],
    [13, 20, 18],
    [30, 42, 38],
  ],
  strongest: WHITE,
}

/**
 * Colours with less difference between their parts than this have no hue that anybody would call a
 * brand's.
 */
const COLOURLESS = 24

/**
 * The page's accent variables for a brand's main colour. The colour stays what it is: a yellow
 * button is yellow, with dark words on it and a line of 3:1 around it. A brand without a hue
 * (white, black, grey) gives buttons in the ink colour, because grey ones look switched off. Text
 * on the accent and text in the accent has at least 4.5:1 on every ground. Returns null when the
 * colour is not #rgb or #rrggbb.
 */
export function brandColours(mainColor: string, surface: Surface): Record<string, string> | null {
  const main = parseHex(mainColor)
  if (main === null) {
    return null
  }
  const fill =
    Math.max(...main) - Math.min(...main) < COLOURLESS ? mix(surface.strongest, surface.background, 0.06) : main
  const label = contrast(fill, WHITE) >= 4.5 || contrast(fill, WHITE) >= contrast(fill, NEAR_BLACK) ? WHITE : NEAR_BLACK
  const readable = readableOn(fill, label, label === WHITE ? NEAR_BLACK : WHITE, 4.5)
  const soft = mix(surface.background, fill, 0.14)
  return {
    '--accent': toHex(readable),
    '--accent-hover': toHex(mix(readable, label === WHITE ? NEAR_BLACK : WHITE, 0.12)),
    '--on-accent': toHex(label),
    '--accent-soft': toHex(soft),
    '--accent-ink': toHex(readableOnAll(fill, [...surface.grounds, soft], surface.strongest, 4.5)),
    '--accent-line': toHex(readableOnAll(fill, surface.grounds, surface.strongest, 3)),
  }
}

function readableOnAll(colour: Rgb, grounds: readonly Rgb[], towards: Rgb, ratio: number): Rgb {
  return grounds.reduce((found, ground) => readableOn(found, ground, towards, ratio), colour)
}
