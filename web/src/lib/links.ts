/** Finds web addresses in plain text. */
export interface TextPart {
  text: string
  isLink: boolean
}

const ADDRESS = /\bhttps?:\/\/[^\s<>"'`]+/gi
/** Punctuation that ends a sentence, not the address in it. */
const TRAILING = /[.,;:!?…)\]}»”’*_~]+$/

/**
 * The text in parts; put together they are the text. Only http and https, and only what a browser
 * takes for an address.
 */
export function splitLinks(text: string): TextPart[] {
  const parts: TextPart[] = []
  let end = 0
  for (const { 0: match, index } of text.matchAll(ADDRESS)) {
    const address = trimEnd(match)
    if (URL.canParse(address)) {
      parts.push({ text: text.slice(end, index), isLink: false }, { text: address, isLink: true })
      end = index + address.length
    }
  }
  parts.push({ text: text.slice(end), isLink: false })
  return parts.filter((part) => part.text !== '')
}

/**
 * Without the punctuation behind it; a closing bracket stays where the address has the opening one.
 */
function trimEnd(address: string): string {
  const tail = TRAILING.exec(address)?.[0] ?? ''
  const kept = address.slice(0, address.length - tail.length)
  return tail.startsWith(')') && kept.includes('(') ? `${kept})` : kept
}
