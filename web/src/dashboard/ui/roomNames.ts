import { useQueries } from '@tanstack/react-query'
import { RestError, useRest } from '../rest'
import { words } from './words'

export interface RoomNames {
  /** The room's name; its id until the name is known. */
  nameOf: (id: string) => string
  isDeleted: (id: string) => boolean
}

/** The names of rooms by their ids, which may repeat. */
export function useRoomNames(ids: readonly string[]): RoomNames {
  const rest = useRest()
  const different = [...new Set(ids)]
  const names = useQueries({
    queries: different.map((id) => ({
      queryKey: ['room name', rest.applicationId, id],
      queryFn: async () => {
        try {
          return (await rest.ask<{ display_name: string }>({ path: `/v1/meetings/rooms/${id}` })).display_name
        } catch (error) {
          if (error instanceof RestError && error.status === 404) {
            return null
          }
          throw error
        }
      },
      staleTime: 60_000,
    })),
    combine: (found) =>
      new Map(found.flatMap(({ data }, index) => (data === undefined ? [] : [[different[index] ?? '', data]]))),
  })
  const isDeleted = (id: string) => names.get(id) === null
  return { isDeleted, nameOf: (id) => (isDeleted(id) ? words.deletedRoom : (names.get(id) ?? id)) }
}
