import { expect, test } from 'vitest'
import { entryWishesOf, parseEntryWishes, type Skipping, skipPrejoin } from './entryWishes'

test('the address tells what an embedding page wishes', () => {
  expect(parseEntryWishes('?skip_prejoin=true&display_name=%20Ada%20&camera=off')).toEqual({
    skipsPrejoin: true,
    name: 'Ada',
    off: { microphone: false, camera: true },
    language: null,
    theme: null,
    layout: null,
  })
  expect(parseEntryWishes('?language=de&theme=dark&layout=grid')).toMatchObject({
    language: 'de',
    theme: 'dark',
    layout: 'grid',
  })
  expect(parseEntryWishes('?theme=pink').theme).toBeNull()
  expect(parseEntryWishes('?skip_prejoin=1&microphone=on&display_name=%20')).toEqual({
    skipsPrejoin: false,
    name: null,
    off: { microphone: false, camera: false },
    language: null,
    theme: null,
    layout: null,
  })
  expect(parseEntryWishes(`?display_name=${'x'.repeat(80)}`).name).toHaveLength(64)
})

test('of an address only the wishes are kept', () => {
  const query = new URLSearchParams('room_token=1&participant_token=secret&camera=off&display_name=A%26B')

  expect(entryWishesOf(query)).toBe('?display_name=A%26B&camera=off')
  expect(entryWishesOf(new URLSearchParams('participant_token=secret'))).toBe('')
})

const ON = { microphone: true, camera: true }
const OFF = { microphone: false, camera: false }

function skip(change: Partial<Skipping> & { search?: string }) {
  return skipPrejoin({
    wishes: parseEntryWishes(change.search ?? '?skip_prejoin=true&display_name=Ada'),
    rememberedName: null,
    isEmbedded: true,
    wants: ON,
    isGranted: async () => true,
    ...change,
  })
}

test('in a frame it is skipped with inputs for which no question comes up', async () => {
  expect(await skip({})).toEqual({ name: 'Ada', wants: ON })
  expect(await skip({ isGranted: async (kind) => kind === 'camera' })).toBeNull()
  expect(await skip({ isGranted: async () => false, wants: OFF })).toEqual({ name: 'Ada', wants: OFF })
  expect(
    await skip({ isGranted: async (kind) => kind === 'microphone', wants: { microphone: true, camera: false } }),
  ).toEqual({ name: 'Ada', wants: { microphone: true, camera: false } })
})

test('a link in a tab of its own turns no input on', async () => {
  expect(await skip({ isEmbedded: false })).toEqual({ name: 'Ada', wants: OFF })
})

test('it needs a name, from the address or an earlier visit, and the wish itself', async () => {
  expect(await skip({ search: '?skip_prejoin=true' })).toBeNull()
  expect(await skip({ search: '?skip_prejoin=true', rememberedName: 'Bo' })).toEqual({ name: 'Bo', wants: ON })
  expect(await skip({ search: '?display_name=Ada' })).toBeNull()
})
