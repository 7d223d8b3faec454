/**
 * One or two letters that stand for a name. Emoji and letters outside the basic plane count as one.
 */
export function initials(name: string): string {
  const words = name
    .trim()
    .split(/[\s\-_.]+/u)
    .filter((word) => /[\p{L}\p{N}]/u.test(word))
  const first = firstLetter(words[0])
  const last = words.length > 1 ? firstLetter(words.at(-1)) : ''
  return (first + last).toLocaleUpperCase() || '?'
}

function firstLetter(word: string | undefined): string {
  return word?.match(/[\p{L}\p{N}]\p{M}*/u)?.[0] ?? ''
}

/** A hue in degrees that stays the same for the same text. */
export function hueOf(text: string): number {
  let hash = 2166136261
  for (const character of text) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 16777619)
  }
  // Steps of 24° keep neighbouring colours apart to the eye.
  return ((hash >>> 0) % 15) * 24
}
