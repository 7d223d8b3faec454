import { expect, test } from 'vitest'
import { COMMANDS } from '@/embed/schema'
import { isOfShape } from './validate'

test('arguments are of the shape that the schema declares', () => {
  const { args: join } = COMMANDS.join
  const { args: pin } = COMMANDS.pin_message
  const { args: layout } = COMMANDS.set_layout

  expect(isOfShape(join, {})).toBe(true)
  expect(isOfShape(join, { display_name: 'Ada', camera: false })).toBe(true)
  expect(isOfShape(join, { display_name: 1 })).toBe(false)
  expect(isOfShape(join, { display_name: 'a'.repeat(5000) })).toBe(false)
  expect(isOfShape(join, { toString: 'x' })).toBe(false)
  expect(isOfShape(pin, { number: null })).toBe(true)
  expect(isOfShape(pin, { number: 1.5 })).toBe(false)
  expect(isOfShape(pin, {})).toBe(false)
  expect(isOfShape(layout, { layout: 'grid' })).toBe(true)
  expect(isOfShape(layout, { layout: 'ring' })).toBe(false)
  for (const nothing of [null, undefined, 'x', 7, [], () => undefined]) {
    expect(isOfShape(join, nothing)).toBe(false)
  }
})

test('the types of all arguments can be checked', () => {
  for (const [name, command] of Object.entries(COMMANDS)) {
    for (const field of Object.values('args' in command ? command.args : {})) {
      const type = typeof field === 'string' ? field.replace('?', '') : 'choice'
      expect(['boolean', 'number', 'number|null', 'string', 'choice'], name).toContain(type)
    }
  }
})
