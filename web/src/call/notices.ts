/** Notices of the server on the topic of the room: who did what to the person at this page. */

export interface Notice {
  type: string
  source: unknown
  /** The name of the host who caused it; null for the application. */
  by: string | null
  /** The name of the person whom it is about. */
  name: string | null
}

/** Null for anything else than a notice of the server. */
export function parseNotice(bytes: Uint8Array): Notice | null {
  try {
    const { type, source, by, name } = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>
    const author = (by as { name?: unknown } | null | undefined)?.name
    return typeof type === 'string' ? { type, source, by: textOr(author), name: textOr(name) } : null
  } catch {
    return null
  }
}

function textOr(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}
