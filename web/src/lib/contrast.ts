/** Colour as red, green and blue, 0 to 255 each. */
export type Rgb = readonly [number, number, number]

export function parseHex(text: string): Rgb | null {
  const short = /^#([\da-f])([\da-f])([\da-f])$/i.exec(text)
  const long = /^#([\da-f]{2})([\da-f]{2})([\da-f]{2})$/i.exec(text)
  const parts = short ? short.slice(1).map((digit) => digit + digit) : long?.slice(1)
  const [red, green, blue] = parts?.map((part) => Number.parseInt(part, 16)) ?? []
  return red === undefined || green === undefined || blue === undefined ? null : [red, green, blue]
}

export function toHex(colour: Rgb): string {
  return `#${colour.map((part) => Math.round(part).toString(16).padStart(2, '0')).join('')}`
}

/** Relative luminance, WCAG 2.2 definition. */
function luminance(colour: Rgb): number {
  const [red, green, blue] = colour.map((part) => {
    const share = part / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  }) as [number, number, number] // map keeps the length of the tuple
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/** Contrast ratio, 1 to 21, WCAG 2.2 definition. */
export function contrast(one: Rgb, other: Rgb): number {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [number, number]
  return (light + 0.05) / (dark + 0.05)
}

export function mix(from: Rgb, to: Rgb, share: number): Rgb {
  const part = (index: 0 | 1 | 2) => from[index] + (to[index] - from[index]) * share
  return [part(0), part(1), part(2)]
}

export const WHITE: Rgb = [255, 255, 255]
export const NEAR_BLACK: Rgb = [10, 16, 14]

/**
 * The colour moved towards `towards` only as far as it takes to reach `ratio` against `background`.
 */
export function readableOn(colour: Rgb, background: Rgb, towards: Rgb, ratio: number): Rgb {
  for (let step = 0; step <= 20; step += 1) {
    const candidate = mix(colour, towards, step / 20).map(Math.round) as unknown as Rgb // keeps its length
    if (contrast(candidate, background) >= ratio) {
      return candidate
    }
  }
  return towards
}
