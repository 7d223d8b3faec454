import { expect, test } from 'vitest'
import { NOBODY, noteJoin, noteLeave } from './comings'

test('who leaves and comes back within a moment is not news', () => {
  expect(noteJoin(noteLeave(NOBODY, 'Ada'), 'Ada')).toEqual(NOBODY)
  expect(noteLeave(noteJoin(NOBODY, 'Ada'), 'Ada')).toEqual(NOBODY)
  expect(noteJoin(noteJoin(NOBODY, 'Ada'), 'Bob')).toEqual({ joined: ['Ada', 'Bob'], left: [] })
})
