import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { browserTag } from './i18n'
import { LANGUAGES, type Language } from './languages'

type Words = { [key: string]: string | Words }

const FOLDER = 'src/lib/locales'
const PLURAL = /_(zero|one|two|few|many|other)$/

function read(language: string): Map<string, string> {
  const flat = new Map<string, string>()
  const walk = (words: Words, prefix: string) => {
    for (const [key, value] of Object.entries(words)) {
      if (typeof value === 'string') {
        flat.set(prefix + key, value)
      } else {
        walk(value, `${prefix}${key}.`)
      }
    }
  }
  walk(JSON.parse(readFileSync(`${FOLDER}/${language}.json`, 'utf8')) as Words, '')
  return flat
}

const english = read('en')
const counted = new Set(
  [...english.keys()].filter((key) => key.endsWith('_other')).map((key) => key.replace(PLURAL, '')),
)

/**
 * The keys a language must have: English ones, with the plural forms of that language; `_zero`
 * where English has it.
 */
function expectedKeys(language: Language): string[] {
  const forms = new Intl.PluralRules(browserTag(language)).resolvedOptions().pluralCategories
  const plain = [...english.keys()].filter((key) => !counted.has(key.replace(PLURAL, '')))
  const special = [...english.keys()].filter((key) => key.endsWith('_zero'))
  const plural = [...counted].flatMap((key) => forms.map((form) => `${key}_${form}`))
  return [...new Set([...plain, ...special, ...plural])].sort()
}

function placeholders(text: string): string[] {
  return [...text.matchAll(/\{\{(\w+)\}\}/g)].map((match) => match[1] ?? '').sort()
}

test('every language of the API has a file, and no file is left over', () => {
  expect(readdirSync(FOLDER).sort()).toEqual(
    Object.keys(LANGUAGES)
      .map((language) => `${language}.json`)
      .sort(),
  )
})

describe.each(Object.keys(LANGUAGES) as Language[])('%s', (language) => {
  const words = read(language)

  test('has every key and no other', () => {
    expect([...words.keys()].sort()).toEqual(expectedKeys(language))
  })

  test('fills the same gaps as English', () => {
    for (const [key, text] of words) {
      const base = key.replace(PLURAL, '')
      const model = english.get(key) ?? english.get(`${base}_other`) ?? ''
      const missing = placeholders(model).filter((name) => !placeholders(text).includes(name))
      // A form for exactly none, one or two may say the number in words.
      expect(
        missing.filter((name) => name !== 'count' || !/_(zero|one|two)$/.test(key)),
        key,
      ).toEqual([])
      expect(
        placeholders(text).filter((name) => !placeholders(model).includes(name) && name !== 'count'),
        key,
      ).toEqual([])
    }
  })

  // WCAG 2.5.3: people who speak to their computer say what they see.
  test('names of buttons contain the words on them', () => {
    const named = [...words.keys()].filter((key) => words.has(`${key}Name`))
    expect(named.length).toBeGreaterThan(1)
    for (const key of named) {
      expect(words.get(`${key}Name`)?.toLowerCase(), key).toContain(words.get(key)?.toLowerCase())
    }
  })

  test('says nothing empty, and is not English copied', () => {
    for (const [key, text] of words) {
      expect(text.trim(), key).not.toBe('')
    }
    if (language !== 'en') {
      const same = [...words].filter(([key, text]) => english.get(key) === text && /[a-z]{4}/i.test(text))
      // Some words are the same in two languages, such as "Pause"; whole sentences are not.
      expect(same.length, JSON.stringify(same)).toBeLessThan(8)
      expect(same.filter(([, text]) => text.split(' ').length > 3)).toEqual([])
    }
  })
})
