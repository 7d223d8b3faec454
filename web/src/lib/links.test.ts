import { expect, test } from 'vitest'
import { splitLinks } from './links'

const links = (text: string) =>
  splitLinks(text)
    .filter(({ isLink }) => isLink)
    .map((part) => part.text)

test.each([
  ['see https://example.org/a?b=c#d', ['https://example.org/a?b=c#d']],
  ['(https://example.org/a).', ['https://example.org/a']],
  ['https://en.example.org/wiki/Ada_(name), then', ['https://en.example.org/wiki/Ada_(name)']],
  ['HTTP://EXAMPLE.ORG and https://münchen.example!', ['HTTP://EXAMPLE.ORG', 'https://münchen.example']],
  ['"https://example.org"', ['https://example.org']],
  ['one\nhttps://a.example\nhttps://b.example', ['https://a.example', 'https://b.example']],
  ['no address: javascript:alert(1) data:text/html,x ftp://example.org www.example.org https://', []],
])('%j', (text, found) => {
  expect(links(text)).toEqual(found)
  expect(
    splitLinks(text)
      .map((part) => part.text)
      .join(''),
  ).toBe(text)
})

test('an empty text has no parts', () => {
  expect(splitLinks('')).toEqual([])
})
