// Rules of this folder that no other tool knows.
import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.tsx?$/.test(file) && !/\.test\.tsx?$/.test(file) && !file.startsWith('testing/'))
  .map((file) => ({ file, text: readFileSync(`src/${file}`, 'utf8') }))

/** Class names that mean left or right whatever the direction of writing. */
const PHYSICAL =
  /(?<![\w-])-?(?:ml|mr|pl|pr|left|right|border-l|border-r|rounded-[lr]|rounded-[tb][lr]|scroll-m[lr]|scroll-p[lr])-[\w[(]|(?<![\w-])text-(?:left|right)(?![\w-])/

test('the rule for class names finds what it should and nothing else', () => {
  for (const bad of ['ml-2', 'p-2 -mr-1', 'sm:pl-4', 'left-0', 'text-left', 'rounded-l-xl', 'border-r-2']) {
    expect(PHYSICAL.test(`className="${bad}"`), bad).toBe(true)
  }
  for (const good of [
    'ms-2',
    'pe-4',
    'start-0',
    'text-start',
    'rounded-lg',
    'border-line',
    'max-lg:hidden',
    'html-x',
  ]) {
    expect(PHYSICAL.test(`className="${good}"`), good).toBe(false)
  }
})

test('class names are logical: what stands at the start stands at the right in Arabic', () => {
  const found = sources.flatMap(({ file, text }) =>
    [...text.matchAll(/className=(?:"([^"]*)"|\{`([^`]*)`\})/g)]
      .map((match) => match[1] ?? match[2] ?? '')
      .filter((classes) => PHYSICAL.test(classes))
      .map((classes) => `${file}: ${classes}`),
  )

  expect(sources.length).toBeGreaterThan(40)
  expect(found).toEqual([])
})

test('nothing writes markup or styles past React, and nothing names another origin', () => {
  const forbidden = /dangerouslySetInnerHTML|innerHTML|document\.write|<style|insertRule|(?:https?|wss?):\/\/[a-z]/
  const found = sources.filter(({ file, text }) => forbidden.test(text) && file !== 'lib/meetingCode.ts')

  expect(found.map(({ file }) => file)).toEqual([])
})

test('every word of the page is used', () => {
  const words = JSON.parse(readFileSync('src/lib/locales/en.json', 'utf8')) as Record<string, unknown>
  const keys: string[] = []
  const walk = (node: unknown, path: string) => {
    if (typeof node === 'string') {
      keys.push(path.replace(/_(zero|one|other)$/, ''))
    } else {
      for (const [name, child] of Object.entries(node as Record<string, unknown>)) {
        walk(child, path === '' ? name : `${path}.${name}`)
      }
    }
  }
  walk(words, '')
  const all = sources.map(({ text }) => text).join('\n')
  // Groups whose keys are put together from parts: `problem.help.${…}` and the like.
  const built = [
    'problem.',
    'error.',
    'ended.',
    'devices.microphone',
    'devices.camera',
    'devices.speaker',
    'moderation.rights.',
    'reactions.',
    'background.scenes.',
  ]
  const unused = [...new Set(keys)].filter(
    (key) => !built.some((prefix) => key.startsWith(prefix)) && !all.includes(`'${key}'`),
  )

  expect(unused).toEqual([])
})
