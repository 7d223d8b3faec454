import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { Download, Trash2, Video } from 'lucide-react'
import { useState } from 'react'
import { ConfirmDialog } from '@/ui/ConfirmDialog'
import { toasts } from '@/ui/toasts'
import { useRest } from '../rest'
import { formatDuration, formatMoment } from '../ui/format'
import { Badge, type BadgeLook, type Column, ListCard, Screen, Table } from '../ui/Screen'
import { words } from './words'

export type RecordingStatus = 'started' | 'paused' | 'stopped' | 'uploaded'

export interface Recording {
  id: string
  session_id: string
  room_id?: string
  started_at: string
  ended_at?: string
  status: RecordingStatus
  _links: { url: { href: string | null } }
}

const AT_ONCE = 50
/** While one is being made, it is looked at again. */
const REFRESH_MS = 5000
const LOOKS: Record<RecordingStatus, BadgeLook> = {
  started: 'danger',
  paused: 'warn',
  stopped: 'plain',
  uploaded: 'good',
}

/** All recordings: their state, their files, and their end. */
export function RecordingsScreen() {
  const rest = useRest()
  const found = useInfiniteQuery({
    queryKey: ['recordings', rest.applicationId],
    queryFn: ({ pageParam }) =>
      rest.ask<{ _embedded: Recording[]; after: string | null; has_more: boolean }>({
        path: '/v1/meetings/recordings',
        query: { after: pageParam, limit: AT_ONCE },
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => (page.has_more ? page.after : undefined),
    refetchInterval: (query) =>
      query.state.data?.pages.some((page) => page._embedded.some(({ status }) => status !== 'uploaded'))
        ? REFRESH_MS
        : false,
  })
  const rows = found.data?.pages.flatMap((page) => page._embedded) ?? []
  return (
    <Screen title={words.title} text={words.text}>
      <ListCard
        title={words.list}
        found={found}
        isEmpty={rows.length === 0}
        empty={{ icon: Video, title: words.emptyTitle, text: words.emptyText }}
        more={words.older}
      >
        <RecordingTable recordings={rows} />
      </ListCard>
    </Screen>
  )
}

function RecordingTable({ recordings }: { recordings: readonly Recording[] }) {
  const rest = useRest()
  const client = useQueryClient()
  const [asked, setAsked] = useState<Recording | null>(null)
  const removal = useMutation({
    mutationFn: (id: string) => rest.ask<void>({ method: 'DELETE', path: `/v1/meetings/recordings/${id}` }),
    onSuccess: async () => {
      toasts.show({ id: 'recording', text: words.deleted })
      setAsked(null)
      await client.invalidateQueries({ queryKey: ['recordings'] })
    },
  })
  // Links are good for minutes, and this page may be open for hours.
  const download = async (id: string) => {
    try {
      const { _links } = await rest.ask<Recording>({ path: `/v1/meetings/recordings/${id}` })
      if (_links.url.href === null) {
        throw new Error(words.noLink)
      }
      const link = document.createElement('a')
      link.href = _links.url.href
      link.download = ''
      link.click()
    } catch (error) {
      const detail = error instanceof Error ? { detail: error.message } : {}
      toasts.show({ id: 'recording', text: words.noLink, isUrgent: true, ...detail })
    }
  }
  const columns: Column<Recording>[] = [
    {
      title: words.started,
      cell: (row) => <span className="whitespace-nowrap tabular-nums">{formatMoment(row.started_at)}</span>,
    },
    { title: words.state, cell: (row) => <Badge look={LOOKS[row.status]}>{words.states[row.status]}</Badge> },
    { title: words.duration, cell: lengthOf, isNumber: true },
    {
      title: words.room,
      cell: (row) => <span className="block max-w-48 truncate text-muted">{row.room_id ?? '–'}</span>,
    },
    {
      title: words.actions,
      isNumber: true,
      cell: (row) =>
        row.status === 'uploaded' && (
          <span className="inline-flex gap-1">
            <button
              type="button"
              aria-label={words.downloadOf(formatMoment(row.started_at))}
              onClick={() => void download(row.id)}
              className="-my-1 inline-flex min-h-11 items-center gap-2 rounded-xl px-3 font-medium hover:bg-hover"
            >
              <Download className="size-4.5" aria-hidden="true" />
              {words.download}
            </button>
            {rest.role !== 'viewer' && (
              <button
                type="button"
                aria-label={words.deleteOf(formatMoment(row.started_at))}
                onClick={() => setAsked(row)}
                className="-my-1 inline-flex min-h-11 items-center gap-2 rounded-xl px-3 font-medium text-danger-ink hover:bg-danger-soft"
              >
                <Trash2 className="size-4.5" aria-hidden="true" />
                {words.delete}
              </button>
            )}
          </span>
        ),
    },
  ]
  return (
    <>
      <Table label={words.list} columns={columns} rows={recordings} keyOf={(row) => row.id} />
      <ConfirmDialog
        isOpen={asked !== null}
        title={words.question}
        text={words.questionText(asked === null ? '' : formatMoment(asked.started_at))}
        confirm={words.delete}
        cancel={words.cancel}
        isBusy={removal.isPending}
        error={removal.isError ? removal.error.message || words.failed : null}
        onConfirm={() => asked !== null && removal.mutate(asked.id)}
        onClose={() => {
          removal.reset()
          setAsked(null)
        }}
      />
    </>
  )
}

function lengthOf({ started_at, ended_at }: Recording): string {
  return ended_at === undefined
    ? words.going
    : formatDuration((new Date(ended_at).getTime() - new Date(started_at).getTime()) / 1000)
}
