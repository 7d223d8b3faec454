import { useInfiniteQuery } from '@tanstack/react-query'
import { CalendarClock } from 'lucide-react'
import { useState } from 'react'
import { useRest } from '../rest'
import { formatDuration, formatMoment } from '../ui/format'
import { useRoomNames } from '../ui/roomNames'
import { Badge, type Column, ListCard, Screen, Table } from '../ui/Screen'
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
  if (shown !== null) {
    const latest = rows.find(({ id }) => id === shown.id) ?? shown
    return (
      <SessionView
        session={latest}
        roomName={rooms.nameOf(shown.room_id)}
        isRoomGone={rooms.isDeleted(shown.room_id)}
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
          aria-label={words.open(rooms.nameOf(row.room_id), formatMoment(row.started_at))}
          onClick={() => setShown(row)}
          className="-my-1 min-h-11 min-w-32 max-w-72 rounded-lg text-start font-medium text-accent-ink underline-offset-4 [overflow-wrap:anywhere] hover:underline"
        >
          <bdi>{rooms.nameOf(row.room_id)}</bdi>
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
      <ListCard
        title={words.list}
        found={found}
        isEmpty={rows.length === 0}
        empty={{ icon: CalendarClock, title: words.emptyTitle, text: words.emptyText }}
        more={words.older}
      >
        <Table label={words.list} columns={columns} rows={rows} keyOf={(row) => row.id} />
      </ListCard>
    </Screen>
  )
}
