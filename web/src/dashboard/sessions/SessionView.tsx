import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { ArrowLeft, Download } from 'lucide-react'
import { useState } from 'react'
import { Button } from '@/ui/Button'
import { toasts } from '@/ui/toasts'
import { type Rest, useRest } from '../rest'
import { formatDuration, formatMoment, formatTime } from '../ui/format'
import { Badge, Card, type Column, Failure, Screen, Table, Waiting } from '../ui/Screen'
import { saveFile } from '../ui/save'
import { renderAttendance, type Session, type Stay } from './model'
import { Timeline } from './Timeline'
import { words } from './words'

const AT_ONCE = 1000
const MESSAGES_AT_ONCE = 100
const REFRESH_MS = 10_000

interface Page<Item> {
  _embedded: Item[]
  total_items: number
  _links: { next?: { href: string } }
}

/** One session: who was inside when, what was recorded and what was written. */
export function SessionView({
  session,
  roomName,
  isRoomGone,
  onBack,
}: {
  session: Session
  roomName: string
  isRoomGone: boolean
  onBack: () => void
}) {
  const rest = useRest()
  const isLive = session.ended_at === undefined
  const stays = useQuery({
    queryKey: ['stays', session.id],
    queryFn: () => everyStay(rest, session),
    enabled: !isRoomGone,
    refetchInterval: isLive ? REFRESH_MS : false,
  })
  return (
    <Screen
      title={words.sessionOf(roomName)}
      text={`${formatMoment(session.started_at)} · ${formatDuration(session.duration)}${isLive ? ` · ${words.now}` : ''}`}
      actions={
        <Button className="px-4" onClick={onBack}>
          <ArrowLeft className="size-4.5 rtl:-scale-x-100" aria-hidden="true" />
          {words.back}
        </Button>
      }
    >
      <Card title={words.timeline} text={words.timelineText}>
        {isRoomGone ? (
          <p className="text-muted text-sm">{words.roomGone}</p>
        ) : stays.isError && stays.data === undefined ? (
          <Failure error={stays.error} onRetry={() => void stays.refetch()} />
        ) : stays.data === undefined ? (
          <Waiting />
        ) : stays.data.length === 0 ? (
          <p className="text-muted text-sm">{words.nobody}</p>
        ) : (
          <Timeline session={session} stays={stays.data} now={new Date(stays.dataUpdatedAt)} />
        )}
      </Card>
      {stays.data !== undefined && stays.data.length > 0 && <Attendance session={session} stays={stays.data} />}
      <div className="grid items-start gap-5 lg:grid-cols-2">
        <Recordings session={session} />
        <Chat session={session} />
      </div>
    </Screen>
  )
}

/** All pages of the attendance. */
async function everyStay(rest: Rest, session: Session): Promise<Stay[]> {
  const path = `/v1/meetings/rooms/${session.room_id}/sessions/${session.id}/participants`
  const found: Stay[] = []
  let start: string | null = null
  do {
    const page: Page<Stay> = await rest.ask<Page<Stay>>({ path, query: { page_size: AT_ONCE, start_id: start } })
    found.push(...page._embedded)
    start = startOf(page)
  } while (start !== null)
  return found
}

function startOf({ _links }: Page<unknown>): string | null {
  return _links.next === undefined ? null : new URL(_links.next.href).searchParams.get('start_id')
}

function SaveButtons({ what, onCsv, onJson }: { what: string; onCsv: () => void; onJson?: () => void }) {
  return (
    <span className="flex gap-2">
      <Button className="px-4" aria-label={words.csvOf(what)} onClick={onCsv}>
        <Download className="size-4.5" aria-hidden="true" />
        {words.csv}
      </Button>
      {onJson !== undefined && (
        <Button className="px-4" aria-label={words.jsonOf(what)} onClick={onJson}>
          <Download className="size-4.5" aria-hidden="true" />
          {words.json}
        </Button>
      )}
    </span>
  )
}

function Attendance({ session, stays }: { session: Session; stays: readonly Stay[] }) {
  const name = `attendance-${session.started_at.slice(0, 10)}`
  const columns: Column<Stay>[] = [
    {
      title: words.name,
      cell: (stay) => <bdi className="block min-w-24 max-w-64 [overflow-wrap:anywhere]">{stay.name}</bdi>,
    },
    { title: words.role, cell: (stay) => (stay.is_host ? words.host : words.guest) },
    {
      title: words.joined,
      cell: (stay) => <span className="whitespace-nowrap tabular-nums">{formatMoment(stay.joined_at)}</span>,
    },
    {
      title: words.left,
      cell: (stay) =>
        stay.left_at === undefined ? (
          <Badge look="good">{words.inside}</Badge>
        ) : (
          <span className="whitespace-nowrap tabular-nums">{formatMoment(stay.left_at)}</span>
        ),
    },
    { title: words.duration, cell: (stay) => formatDuration(stay.duration), isNumber: true },
  ]
  return (
    <Card
      title={words.attendance}
      action={
        <SaveButtons
          what={words.attendance}
          onCsv={() => saveFile(`${name}.csv`, renderAttendance(stays), 'text/csv')}
          onJson={() => saveFile(`${name}.json`, JSON.stringify(stays, null, 2), 'application/json')}
        />
      }
    >
      <Table
        label={words.attendance}
        columns={columns}
        rows={stays}
        keyOf={(stay) => `${stay.participant_id} ${stay.joined_at}`}
      />
    </Card>
  )
}

interface Recording {
  id: string
  started_at: string
  status: keyof typeof words.recordingStates
  _links: { url: { href: string | null } }
}

function Recordings({ session }: { session: Session }) {
  const rest = useRest()
  const path = `/v1/meetings/sessions/${session.id}/recordings`
  const ask = () => rest.ask<{ _embedded: { recordings: Recording[] } }>({ path })
  const found = useQuery({ queryKey: ['recordings', 'session', session.id], queryFn: ask })
  const rows = found.data?._embedded.recordings ?? []
  // Links are good for minutes, so a new one is asked for.
  const download = async (id: string) => {
    try {
      const href = (await ask())._embedded.recordings.find((one) => one.id === id)?._links.url.href
      if (href == null) {
        throw new Error(words.failed)
      }
      const link = document.createElement('a')
      link.href = href
      link.download = ''
      link.click()
    } catch {
      toasts.show({ id: 'file', text: words.failed, isUrgent: true })
    }
  }
  return (
    <Card title={words.recordings}>
      {found.isError && found.data === undefined ? (
        <Failure error={found.error} onRetry={() => void found.refetch()} />
      ) : found.data === undefined ? (
        <Waiting />
      ) : rows.length === 0 ? (
        <p className="text-muted text-sm">{words.noRecordings}</p>
      ) : (
        <ul className="grid gap-2">
          {rows.map((row) => (
            <li key={row.id} className="flex flex-wrap items-center justify-between gap-2 text-sm">
              <span className="flex items-center gap-3 tabular-nums">
                {formatMoment(row.started_at)}
                <Badge look={row.status === 'uploaded' ? 'good' : 'plain'}>{words.recordingStates[row.status]}</Badge>
              </span>
              {row.status === 'uploaded' && (
                <Button
                  look="quiet"
                  className="px-3"
                  aria-label={words.downloadOf(formatMoment(row.started_at))}
                  onClick={() => void download(row.id)}
                >
                  <Download className="size-4.5" aria-hidden="true" />
                  {words.download}
                </Button>
              )}
            </li>
          ))}
        </ul>
      )}
    </Card>
  )
}

interface ChatMessage {
  number: number
  sent_at: string
  name: string
  is_host: boolean
  text: string
  is_removed: boolean
}

function Chat({ session }: { session: Session }) {
  const rest = useRest()
  const [isSaving, setSaving] = useState(false)
  const path = `/v1/meetings/sessions/${session.id}/chat`
  const found = useInfiniteQuery({
    queryKey: ['chat', session.id],
    queryFn: ({ pageParam }) =>
      rest.ask<Page<ChatMessage>>({ path, query: { page_size: MESSAGES_AT_ONCE, start_id: pageParam } }),
    initialPageParam: null as string | null,
    getNextPageParam: startOf,
  })
  const rows = found.data?.pages.flatMap((page) => page._embedded) ?? []
  const save = async () => {
    setSaving(true)
    try {
      saveFile(`chat-${session.started_at.slice(0, 10)}.csv`, await rest.text({ path }, 'text/csv'), 'text/csv')
    } catch {
      toasts.show({ id: 'file', text: words.failed, isUrgent: true })
    } finally {
      setSaving(false)
    }
  }
  return (
    <Card
      title={words.chat}
      action={rows.length > 0 && !isSaving && <SaveButtons what={words.chat} onCsv={() => void save()} />}
    >
      {found.isError && found.data === undefined ? (
        <Failure error={found.error} onRetry={() => void found.refetch()} />
      ) : found.data === undefined ? (
        <Waiting />
      ) : rows.length === 0 ? (
        <p className="text-muted text-sm">{words.noChat}</p>
      ) : (
        <>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached with the keyboard. */}
          <ol tabIndex={0} aria-label={words.chat} className="grid max-h-96 gap-3 overflow-y-auto rounded-lg">
            {rows.map((message) => (
              <li key={message.number} className="text-sm">
                <p className="flex flex-wrap items-baseline gap-x-2">
                  <bdi className="font-medium">{message.name}</bdi>
                  <span className="text-muted text-xs tabular-nums">{formatTime(message.sent_at)}</span>
                </p>
                <p
                  dir="auto"
                  className={`whitespace-pre-wrap leading-relaxed [overflow-wrap:anywhere] ${message.is_removed ? 'text-muted italic' : ''}`}
                >
                  {message.is_removed ? words.removed : message.text}
                </p>
              </li>
            ))}
          </ol>
          {found.hasNextPage && (
            <Button className="mt-4" isBusy={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
              {words.moreChat}
            </Button>
          )}
        </>
      )}
    </Card>
  )
}
