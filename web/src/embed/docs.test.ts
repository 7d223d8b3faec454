// The tables of docs/embed.md say what the schema says. `make embed-docs` writes them.
import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import {
  ANSWER_CODES,
  ATTRIBUTE_TEXTS,
  COMMANDS,
  type CommandShape,
  EVENTS,
  type EventShape,
  type Shape,
} from './schema'

const PAGE = '../docs/embed.md'
const TABLES: Record<string, string[]> = {
  Attributes: ['| Attribute | Meaning |', '|---|---|', ...rows(ATTRIBUTE_TEXTS)],
  Commands: [
    '| Command | Arguments | Meaning |',
    '|---|---|---|',
    ...Object.entries<CommandShape>(COMMANDS).map(([name, { args, text }]) => row(name, fields(args), text)),
  ],
  Answers: ['| Code | Meaning |', '|---|---|', ...rows(ANSWER_CODES)],
  Events: [
    '| Event | Detail | Meaning |',
    '|---|---|---|',
    ...Object.entries<EventShape>(EVENTS).map(([name, { detail, text }]) => row(name, fields(detail), text)),
  ],
}

function rows(texts: Readonly<Record<string, string>>): string[] {
  return Object.entries(texts).map(([name, text]) => row(name, text))
}

function row(name: string, ...cells: string[]): string {
  return `| \`${name}\` | ${cells.join(' | ')} |`
}

function fields(shape: Shape = {}): string {
  const texts = Object.entries(shape).map(([name, field]) => {
    if (typeof field !== 'string') {
      return `\`${name}\`: ${field.map((choice) => `\`${choice}\``).join(', ')}`
    }
    const isOptional = field.endsWith('?')
    const type = field.replace('?', '').replace('|', ' or ').replace('[]', ' list')
    return `\`${name}${isOptional ? '?' : ''}\`: ${type}`
  })
  return texts.join('; ') || '–'
}

function withTables(page: string): string {
  return Object.entries(TABLES).reduce((text, [heading, lines]) => {
    const [before = '', rest = ''] = text.split(`## ${heading}\n`)
    expect(rest, heading).not.toBe('')
    const section = rest.split(/^(?=## )/m)
    const prose = (section[0] ?? '').split('\n').filter((line) => !line.startsWith('|'))
    const body = `${prose.join('\n').trim()}\n\n${lines.join('\n')}\n`
    return `${before}## ${heading}\n\n${body.trimStart()}${section.length > 1 ? '\n' : ''}${section.slice(1).join('')}`
  }, page)
}

test('the page about embedding lists every attribute, command, answer and event', () => {
  const page = readFileSync(PAGE, 'utf8')
  if (process.env.UPDATE_EMBED_DOCS) {
    writeFileSync(PAGE, withTables(page))
  } else {
    expect(page).toBe(withTables(page))
  }
})
