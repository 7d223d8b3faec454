/** The page's words. One language is loaded at a time, each from a file of its own. */
import i18next, { type i18n } from 'i18next'
import { directionOf, type Language } from './languages'

const FILES = import.meta.glob<{ default: Record<string, unknown> }>('./locales/*.json')

export function createWords(): i18n {
  const words = i18next.createInstance()
  void words.init({
    lng: 'none',
    fallbackLng: false,
    resources: {},
    // React escapes; escaping twice would show entities.
    interpolation: { escapeValue: false },
    returnNull: false,
    initAsync: false,
  })
  return words
}

/**
 * Loads a language, switches to it, and tells the document its language and direction. Raises when
 * the file does not load.
 */
export async function speak(words: i18n, language: Language): Promise<void> {
  const tag = browserTag(language)
  if (!words.hasResourceBundle(tag, 'translation')) {
    const load = FILES[`./locales/${language}.json`]
    if (load === undefined) {
      throw new Error(`no words for ${language}`)
    }
    words.addResourceBundle(tag, 'translation', (await load()).default)
  }
  await words.changeLanguage(tag)
  document.documentElement.lang = tag
  document.documentElement.dir = directionOf(language)
}

/** The language tag for Intl and for the `lang` attribute. */
export function browserTag(language: Language): string {
  return { 'pt-br': 'pt-BR', 'zh-cn': 'zh-Hans-CN', 'zh-tw': 'zh-Hant-TW' }[language as string] ?? language
}
