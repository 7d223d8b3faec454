import { useInfiniteQuery, useQueries } from '@tanstack/react-query'
import { CalendarClock } from 'lucide-react'
import { useState } from 'react'
import { Button } from '@/ui/Button'
import { RestError, useRest } from '../rest'
import { formatDuration, formatMoment } from '../ui/format'
import { Badge, Card, type Column, Empty, Failure, Screen, Table, Waiting } from '../ui/Screen'
import type { Session } from './model'
import { SessionView } from './SessionView'
import { words } from './words'

const AT_ONCE = 25
const REFRESH_MS = 10_000

/** The sessions of all rooms, and one of them. */
export function SessionsScreen() {
  const rest = useRest()
  const [shown, setShown] = useState<Session | null>(null)
  const found = useInfiniteQuery({
    queryKey: ['sessions', rest.applicationId],
    queryFn: ({ pageParam }) =>
      rest.ask<{ _embedded: Session[]; after: number; has_more: boolean }>({
        path: '/v1/meetings/sessions',
        query: { after: pageParam, limit: AT_ONCE },
      }),
    initialPageParam: 0,
    getNextPageParam: (page) => (page.has_more ? page.after : undefined),
    refetchInterval: (query) => (query.state.data?.pages.length === 1 ? REFRESH_MS : false),
  })
  const rows = found.data?.pages.flatMap((page) => page._embedded) ?? []
  const rooms = useRoomNames(rows.map(({ room_id }) => room_id))
  const nameOf = (id: string) => {
    const name = rooms.get(id)
    return name === null ? words.deletedRoom : (name ?? id)
  }
  if (shown !== null) {
    const latest = rows.find(({ id }) => id === shown.id) ?? shown
    return (
      <SessionView
        session={latest}
        roomName={nameOf(shown.room_id)}
        isRoomGone={rooms.get(shown.room_id) === null}
        onBack={() => setShown(null)}
      />
    )
  }
  const columns: Column<Session>[] = [
    {
      title: words.room,
      cell: (row) => (
        <button
          type="button"
          aria-label={words.open(nameOf(row.room_id), formatMoment(row.started_at))}
          onClick={() => setShown(row)}
          className="-my-1 min-h-11 min-w-32 max-w-72 rounded-lg text-start font-medium text-accent-ink underline-offset-4 [overflow-wrap:anywhere] hover:underline"
        >
          <bdi>{nameOf(row.room_id)}</bdi>
        </button>
      ),
    },
    {
      title: words.state,
      cell: (row) =>
        row.ended_at === undefined ? <Badge look="good">{words.now}</Badge> : <Badge>{words.over}</Badge>,
    },
    {
      title: words.started,
      cell: (row) => <span className="whitespace-nowrap tabular-nums">{formatMoment(row.started_at)}</span>,
    },
    { title: words.duration, cell: (row) => formatDuration(row.duration), isNumber: true },
  ]
  return (
    <Screen title={words.title} text={words.text}>
      <Card title={words.list}>
        {found.isError && found.data === undefined ? (
          <Failure error={found.error} onRetry={() => void found.refetch()} />
        ) : found.data === undefined ? (
          <Waiting />
        ) : rows.length === 0 ? (
          <Empty icon={CalendarClock} title={words.emptyTitle} text={words.emptyText} />
        ) : (
          <>
            <Table label={words.list} columns={columns} rows={rows} keyOf={(row) => row.id} />
            {found.hasNextPage && (
              <Button className="mt-4" isBusy={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
                {words.older}
              </Button>
            )}
          </>
        )}
      </Card>
    </Screen>
  )
}

/** The names of rooms; null for those that were deleted. */
function useRoomNames(ids: readonly string[]): Map<string, string | null> {
  const rest = useRest()
  const different = [...new Set(ids)]
  return useQueries({
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
}
