import { expect, test } from 'vitest'
import { renderTable } from './csv'

test('commas, quotation marks and line breaks stay within their cell', () => {
  expect(
    renderTable([
      ['a', 1],
      ['x,y', 'say "hi"'],
      ['two\nlines', ''],
    ]),
  ).toBe('a,1\r\n"x,y","say ""hi"""\r\n"two\nlines",\r\n')
})

test('no text is a formula', () => {
  expect(renderTable([['=1+1', '+1', '-1', '@x', '\tx', -1]])).toBe("'=1+1,'+1,'-1,'@x,'\tx,-1\r\n")
})
