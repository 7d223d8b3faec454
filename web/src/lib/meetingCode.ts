const CODE = /^\d{9,32}$/

/**
 * The meeting code in what a person typed or pasted: digits with spaces or dashes, or a guest link.
 * Returns null when there is no code in it.
 */
export function parseMeetingCode(text: string): string | null {
  const trimmed = text.trim()
  const lastSegment = /^https?:\/\//i.test(trimmed) ? lastPathSegment(trimmed) : trimmed
  const digits = lastSegment.replace(/[\s\-–.]/g, '')
  return CODE.test(digits) ? digits : null
}

function lastPathSegment(link: string): string {
  try {
    return new URL(link).pathname.split('/').filter(Boolean).at(-1) ?? ''
  } catch {
    return ''
  }
}

/** A code in groups of four digits, as people read numbers aloud. */
export function formatMeetingCode(code: string): string {
  return code.replace(/(\d{4})(?=\d)/g, '$1 ')
}
