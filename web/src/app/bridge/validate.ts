import type { Field, Shape } from '@/embed/schema'

const LONGEST_TEXT = 4096

/** Whether these are arguments of that shape, and no others. */
export function isOfShape(shape: Shape, args: unknown): args is Record<string, unknown> {
  if (typeof args !== 'object' || args === null || Array.isArray(args)) {
    return false
  }
  const given = args as Record<string, unknown>
  return (
    Object.keys(given).every((name) => Object.hasOwn(shape, name)) &&
    Object.entries(shape).every(([name, field]) => isOfField(field, given[name]))
  )
}

function isOfField(field: Field, value: unknown): boolean {
  if (typeof field !== 'string') {
    return field.some((choice) => choice === value)
  }
  if (field.endsWith('?')) {
    return value === undefined || isOfField(field.slice(0, -1) as Field, value)
  }
  switch (field) {
    case 'boolean':
      return typeof value === 'boolean'
    case 'number':
      return Number.isSafeInteger(value)
    case 'number|null':
      return value === null || Number.isSafeInteger(value)
    case 'string':
      return typeof value === 'string' && value.length <= LONGEST_TEXT
    default:
      return false
  }
}
