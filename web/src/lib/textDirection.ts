const LETTER = /\p{L}/u
const RIGHT_TO_LEFT = /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u

/**
 * The direction of a text by its first letter, as `dir="auto"` finds it, for elements whose text
 * the browser does not look at.
 */
export function directionOfText(text: string): 'ltr' | 'rtl' | undefined {
  const first = LETTER.exec(text)?.[0]
  return first === undefined ? undefined : RIGHT_TO_LEFT.test(first) ? 'rtl' : 'ltr'
}
