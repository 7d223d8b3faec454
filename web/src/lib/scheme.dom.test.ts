import { expect, test } from 'vitest'
import { scheme } from './scheme'

test('the rules for dark surroundings count when somebody wishes so', () => {
  const style = document.head.appendChild(document.createElement('style'))
  style.append('@media (prefers-color-scheme: dark) { a { color: red } }')
  const condition = () => (style.sheet?.cssRules[0] as CSSMediaRule | undefined)?.media.mediaText

  scheme.choose('dark')
  expect([condition(), scheme.getSnapshot().isDark]).toEqual(['all', true])
  scheme.choose('light')
  expect([condition(), scheme.getSnapshot().isDark]).toEqual(['not all', false])
  scheme.choose('auto')
  expect([condition(), scheme.getSnapshot().isDark]).toEqual(['(prefers-color-scheme: dark)', false])
  style.remove()
})
