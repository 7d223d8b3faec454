/** The languages of the page, by the codes of the API, each by its own name. */
export const LANGUAGES = {
  ar: 'العربية',
  ca: 'Català',
  de: 'Deutsch',
  en: 'English',
  es: 'Español',
  fr: 'Français',
  he: 'עברית',
  it: 'Italiano',
  'pt-br': 'Português (Brasil)',
  'zh-cn': '简体中文',
  'zh-tw': '繁體中文',
} as const

export type Language = keyof typeof LANGUAGES

const RIGHT_TO_LEFT: ReadonlySet<Language> = new Set(['ar', 'he'])

export function directionOf(language: Language): 'ltr' | 'rtl' {
  return RIGHT_TO_LEFT.has(language) ? 'rtl' : 'ltr'
}

/**
 * The language of the page for a code of the API or a browser's language tag, or null when we do
 * not speak it.
 */
export function parseLanguage(tag: string): Language | null {
  const lower = tag.toLowerCase().replaceAll('_', '-')
  if (Object.hasOwn(LANGUAGES, lower)) {
    return lower as Language // just looked up
  }
  const [base, ...rest] = lower.split('-')
  if (base === 'pt') {
    return 'pt-br'
  }
  if (base === 'zh') {
    return rest.some((part) => ['tw', 'hk', 'mo', 'hant'].includes(part)) ? 'zh-tw' : 'zh-cn'
  }
  if (base === 'iw') {
    return 'he'
  }
  return base !== undefined && Object.hasOwn(LANGUAGES, base) ? (base as Language) : null
}

export interface LanguageWishes {
  /** This person's choice with the switcher, if the room lets people choose. */
  chosen: string | null
  /** `ui_settings.language` of the room; `default` says nothing. */
  room: string | null
  /** The browser's languages, best first. */
  browser: readonly string[]
}

export function pickLanguage({ chosen, room, browser }: LanguageWishes): Language {
  for (const wish of [chosen, room, ...browser]) {
    const language = wish ? parseLanguage(wish) : null
    if (language !== null) {
      return language
    }
  }
  return 'en'
}
