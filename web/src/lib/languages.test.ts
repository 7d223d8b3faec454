import { expect, test } from 'vitest'
import { directionOf, parseLanguage, pickLanguage } from './languages'

test.each([
  ['de-AT', 'de'],
  ['pt-br', 'pt-br'],
  ['PT-BR', 'pt-br'],
  ['pt', 'pt-br'],
  ['pt-PT', 'pt-br'],
  ['zh', 'zh-cn'],
  ['zh-Hant', 'zh-tw'],
  ['zh-HK', 'zh-tw'],
  ['zh-Hans-SG', 'zh-cn'],
  ['iw', 'he'],
  ['default', null],
  ['nl', null],
  ['constructor', null],
])('%s is %s', (tag, language) => {
  expect(parseLanguage(tag)).toBe(language)
})

test('a choice goes before the room, the room before the browser, English comes last', () => {
  expect(pickLanguage({ chosen: 'fr', room: 'de', browser: ['it'] })).toBe('fr')
  expect(pickLanguage({ chosen: null, room: 'de', browser: ['it'] })).toBe('de')
  expect(pickLanguage({ chosen: null, room: 'default', browser: ['nl', 'it-CH'] })).toBe('it')
  expect(pickLanguage({ chosen: null, room: null, browser: ['nl'] })).toBe('en')
})

test('Arabic and Hebrew run right to left', () => {
  expect(directionOf('ar')).toBe('rtl')
  expect(directionOf('he')).toBe('rtl')
  expect(directionOf('en')).toBe('ltr')
})
