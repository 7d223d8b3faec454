/**
 * The wishes of an embedding page in the address of a meeting, such as
 * `?skip_prejoin=true&display_name=Ada&camera=off` (docs/embedding.md).
 */
export interface EntryWishes {
  skipsPrejoin: boolean
  name: string | null
  /** Inputs that start off. None is ever made to start on. */
  off: Record<'microphone' | 'camera', boolean>
  /** A code of the API or a browser's language tag. */
  language: string | null
  theme: ThemeWish | null
  /** The arrangement of the tiles, as the address has it. */
  layout: string | null
}

export type ThemeWish = 'auto' | 'light' | 'dark'

const NAMES = ['skip_prejoin', 'display_name', 'microphone', 'camera', 'language', 'theme', 'layout']
const THEMES: readonly ThemeWish[] = ['auto', 'light', 'dark']
const LONGEST_NAME = 64

export function parseEntryWishes(search: string): EntryWishes {
  const query = new URLSearchParams(search)
  const name = query.get('display_name')?.trim().slice(0, LONGEST_NAME)
  return {
    skipsPrejoin: query.get('skip_prejoin') === 'true',
    name: name || null,
    off: { microphone: query.get('microphone') === 'off', camera: query.get('camera') === 'off' },
    language: query.get('language'),
    theme: parseThemeWish(query.get('theme')),
    layout: query.get('layout'),
  }
}

/** Null for anything else. */
export function parseThemeWish(value: unknown): ThemeWish | null {
  return THEMES.find((theme) => theme === value) ?? null
}

/** The part of an address that tells these wishes and nothing else, or nothing. */
export function entryWishesOf(query: URLSearchParams): string {
  const wishes = new URLSearchParams(NAMES.flatMap((name) => query.getAll(name).map((value) => [name, value])))
  return wishes.size === 0 ? '' : `?${wishes}`
}

export interface Skipping {
  wishes: EntryWishes
  /** The name from an earlier visit. */
  rememberedName: string | null
  isEmbedded: boolean
  wants: Record<'microphone' | 'camera', boolean>
  /** Whether the browser gives this input without a question. */
  isGranted: (kind: 'microphone' | 'camera') => Promise<boolean>
}

/**
 * With which name and inputs the step before the meeting is skipped, or null when it is shown. In a
 * frame an input may be on when no question would come up. A link that somebody opens in a tab of
 * its own never turns an input on: it could come from anybody.
 */
export async function skipPrejoin({
  wishes,
  rememberedName,
  isEmbedded,
  wants,
  isGranted,
}: Skipping): Promise<{ name: string; wants: Record<'microphone' | 'camera', boolean> } | null> {
  const name = wishes.name ?? rememberedName
  if (!wishes.skipsPrejoin || name === null) {
    return null
  }
  if (!isEmbedded) {
    return { name, wants: { microphone: false, camera: false } }
  }
  for (const kind of ['microphone', 'camera'] as const) {
    if (wants[kind] && !(await isGranted(kind))) {
      return null
    }
  }
  return { name, wants }
}
