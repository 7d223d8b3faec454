import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Activity, Copy, Filter, RotateCw, Webhook } from 'lucide-react'
import { type FormEvent, useDeferredValue, useState } from 'react'
import { Button } from '@/ui/Button'
import { Dialog } from '@/ui/Dialog'
import { Select } from '@/ui/Select'
import { TextField } from '@/ui/TextField'
import { toasts } from '@/ui/toasts'
import { useRest } from '../rest'
import { formatMoment } from '../ui/format'
import { Badge, Card, type Column, Empty, Failure, Screen, Table, Waiting } from '../ui/Screen'
import {
  type Attempt,
  type Delivery,
  type DeliveryWithAttempts,
  EVENTS,
  type Filters,
  fieldOf,
  isSuccess,
  lookOf,
  NO_FILTERS,
  periodOf,
  STATUSES,
} from './model'
import { words } from './words'

const AT_ONCE = 50
const REFRESH_MS = 5000
const HOUR_MS = 3600 * 1000

interface DeliveriesPage {
  _embedded: Delivery[]
  after: number
  has_more: boolean
}

/** The log of callbacks, and their redelivery. */
export function CallbacksScreen() {
  const rest = useRest()
  const [filters, setFilters] = useState(NO_FILTERS)
  const [shown, setShown] = useState<number | null>(null)
  const [isRangeOpen, setRangeOpen] = useState(false)
  const room = useDeferredValue(filters.room.trim())
  const isFiltered = filters.event !== '' || filters.status !== '' || room !== ''
  const found = useInfiniteQuery({
    queryKey: ['deliveries', rest.applicationId, room, filters.event, filters.status],
    queryFn: ({ pageParam }) =>
      rest.ask<DeliveriesPage>({
        path: '/v1/meetings/callbacks/deliveries',
        query: {
          newest_first: true,
          room_id: room || null,
          event: filters.event || null,
          status: filters.status || null,
          after: pageParam,
          limit: AT_ONCE,
        },
      }),
    initialPageParam: null as number | null,
    getNextPageParam: (page) => (page.has_more ? page.after : undefined),
    refetchInterval: (query) => (query.state.data?.pages.length === 1 ? REFRESH_MS : false),
  })
  const rows = found.data?.pages.flatMap((page) => page._embedded) ?? []
  const columns: Column<Delivery>[] = [
    {
      title: words.event,
      cell: (row) => (
        <button
          type="button"
          aria-label={words.details(row.event, row.sequence)}
          onClick={() => setShown(row.id)}
          className="-my-1 min-h-11 whitespace-nowrap rounded-lg text-start font-medium text-accent-ink underline-offset-4 hover:underline"
        >
          {row.event}
        </button>
      ),
    },
    { title: words.state, cell: (row) => <Badge look={lookOf(row)}>{words.states[row.status]}</Badge> },
    { title: words.answer, cell: lastAnswer },
    { title: words.attempts, cell: (row) => row.attempts, isNumber: true },
    {
      title: words.created,
      cell: (row) => <span className="whitespace-nowrap tabular-nums">{formatMoment(row.created_at)}</span>,
    },
    {
      title: words.url,
      cell: (row) => (
        <span className="block max-w-64 truncate text-muted" title={row.url}>
          {row.url}
        </span>
      ),
    },
    { title: words.number, cell: (row) => row.sequence, isNumber: true },
  ]
  return (
    <Screen
      title={words.title}
      text={words.text}
      actions={
        rest.role !== 'viewer' && (
          <Button className="px-4" onClick={() => setRangeOpen(true)}>
            <RotateCw className="size-4.5" aria-hidden="true" />
            {words.redeliverRange}
          </Button>
        )
      }
    >
      <Card title={words.list}>
        <FilterFields filters={filters} onChange={setFilters} />
        <div className="mt-4">
          {found.isError && found.data === undefined ? (
            <Failure error={found.error} onRetry={() => void found.refetch()} />
          ) : found.data === undefined ? (
            <Waiting />
          ) : rows.length === 0 ? (
            <Empty
              icon={Webhook}
              title={isFiltered ? words.noneTitle : words.emptyTitle}
              text={isFiltered ? words.noneText : words.emptyText}
            >
              {isFiltered && <Button onClick={() => setFilters(NO_FILTERS)}>{words.clear}</Button>}
            </Empty>
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
        </div>
      </Card>
      <DeliveryDialog id={shown} onClose={() => setShown(null)} />
      <RangeDialog isOpen={isRangeOpen} onClose={() => setRangeOpen(false)} />
    </Screen>
  )
}

function lastAnswer({ last_status, last_error, attempts }: Delivery) {
  return (
    <span className="block min-w-24 max-w-56 truncate text-muted" title={last_error ?? undefined}>
      {last_status !== null
        ? words.status(last_status)
        : attempts === 0
          ? words.noAnswerYet
          : (last_error ?? words.noAnswer)}
    </span>
  )
}

function FilterFields({ filters, onChange }: { filters: Filters; onChange: (filters: Filters) => void }) {
  return (
    <fieldset className="grid items-end gap-3 sm:grid-cols-2 lg:grid-cols-[12rem_16rem_minmax(0,1fr)]">
      <legend className="sr-only">{words.filters}</legend>
      <Select
        label={words.state}
        icon={Filter}
        options={[
          { value: '', label: words.anyState },
          ...STATUSES.map((value) => ({ value, label: words.states[value] })),
        ]}
        value={filters.status}
        emptyText={words.anyState}
        onChoose={(status) => onChange({ ...filters, status })}
      />
      <Select
        label={words.event}
        icon={Activity}
        options={[{ value: '', label: words.anyEvent }, ...EVENTS.map((value) => ({ value, label: value }))]}
        value={filters.event}
        emptyText={words.anyEvent}
        onChoose={(event) => onChange({ ...filters, event })}
      />
      <input
        type="search"
        aria-label={words.room}
        placeholder={words.roomPlaceholder}
        value={filters.room}
        maxLength={64}
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => onChange({ ...filters, room: event.target.value })}
        className="min-h-11 w-full min-w-0 rounded-xl border border-line-strong bg-surface px-4 text-ink text-sm placeholder:text-muted sm:max-lg:col-span-2"
      />
    </fieldset>
  )
}

/** One delivery: what was sent, and each answer to it. */
function DeliveryDialog({ id, onClose }: { id: number | null; onClose: () => void }) {
  const rest = useRest()
  const client = useQueryClient()
  const key = ['delivery', rest.applicationId, id]
  const path = `/v1/meetings/callbacks/deliveries/${id}`
  const found = useQuery({
    queryKey: key,
    queryFn: () => rest.ask<DeliveryWithAttempts>({ path }),
    enabled: id !== null,
    refetchInterval: (query) => (query.state.data?.status === 'pending' ? REFRESH_MS : false),
  })
  const redelivery = useMutation({
    mutationFn: () => rest.ask<DeliveryWithAttempts>({ method: 'POST', path: `${path}/redeliver` }),
    onSuccess: (delivery) => {
      client.setQueryData(key, delivery)
      toasts.show({ id: 'redelivery', text: words.redelivering })
      void client.invalidateQueries({ queryKey: ['deliveries'] })
    },
  })
  const delivery = found.data
  const close = () => {
    redelivery.reset()
    onClose()
  }
  return (
    <Dialog isOpen={id !== null} title={delivery?.event ?? words.title} closeLabel={words.close} onClose={close}>
      {found.isError && delivery === undefined ? (
        <Failure error={found.error} onRetry={() => void found.refetch()} />
      ) : delivery === undefined ? (
        <Waiting />
      ) : (
        <div className="grid gap-5">
          <dl className="grid gap-2 text-sm [overflow-wrap:anywhere] sm:grid-cols-[7rem_1fr] sm:gap-x-4 [&_dt]:text-muted">
            <dt>{words.state}</dt>
            <dd className="flex flex-wrap items-center gap-2">
              <Badge look={lookOf(delivery)}>{words.states[delivery.status]}</Badge>
              {delivery.next_attempt_at !== undefined && (
                <span className="text-muted">{words.nextAttempt(formatMoment(delivery.next_attempt_at))}</span>
              )}
            </dd>
            <dt>{words.url}</dt>
            <dd>{delivery.url}</dd>
            <dt>{words.room}</dt>
            <dd>{delivery.room_id}</dd>
            <dt>{words.eventId}</dt>
            <dd>{delivery.event_id}</dd>
          </dl>
          <Payload body={delivery.body} />
          <section>
            <h3 className="font-medium text-sm">{words.log}</h3>
            {delivery.log.length === 0 ? (
              <p className="mt-2 text-muted text-sm">{words.noAttempts}</p>
            ) : (
              <ol className="mt-2 grid gap-2">
                {[...delivery.log].reverse().map((attempt) => (
                  <AttemptCard key={`${attempt.number} ${attempt.at}`} attempt={attempt} />
                ))}
              </ol>
            )}
          </section>
          {redelivery.isError && <Failure error={redelivery.error} />}
          {rest.role !== 'viewer' && (
            <Button look="primary" isBusy={redelivery.isPending} onClick={() => redelivery.mutate()}>
              <RotateCw className="size-4.5" aria-hidden="true" />
              {words.redeliver}
            </Button>
          )}
        </div>
      )}
    </Dialog>
  )
}

function Payload({ body }: { body: unknown }) {
  const text = JSON.stringify(body, null, 2)
  const copy = async () => {
    await navigator.clipboard.writeText(text)
    toasts.show({ id: 'copied', text: words.copied })
  }
  return (
    <section>
      <div className="flex items-center justify-between">
        <h3 className="font-medium text-sm">{words.payload}</h3>
        <button
          type="button"
          onClick={() => void copy()}
          className="flex min-h-11 items-center gap-2 rounded-xl px-3 font-medium text-muted text-sm hover:bg-hover hover:text-ink"
        >
          <Copy className="size-4" aria-hidden="true" />
          {words.copy}
        </button>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached with the keyboard. */}
      <pre tabIndex={0} className="max-h-72 overflow-auto rounded-xl bg-sunken p-4 font-mono text-xs leading-relaxed">
        {text}
      </pre>
    </section>
  )
}

function AttemptCard({ attempt }: { attempt: Attempt }) {
  return (
    <li className="rounded-xl border border-line p-3 text-sm">
      <p className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <span className="font-medium">{words.attempt(attempt.number)}</span>
        <Badge look={isSuccess(attempt) ? 'good' : 'danger'}>
          {attempt.status === null ? words.noAnswer : words.status(attempt.status)}
        </Badge>
        <span className="text-muted tabular-nums">
          {formatMoment(attempt.at)} · {words.took(attempt.duration_ms)}
        </span>
      </p>
      {attempt.error !== null && (
        <p className="mt-2 text-danger-ink leading-relaxed [overflow-wrap:anywhere]">{attempt.error}</p>
      )}
      {attempt.status !== null && (
        <details className="mt-1">
          <summary className="inline-flex min-h-9 cursor-pointer items-center rounded-lg text-muted">
            {words.responseBody}
          </summary>
          {attempt.excerpt ? (
            <pre className="max-h-48 overflow-auto whitespace-pre-wrap rounded-lg bg-sunken p-3 font-mono text-xs [overflow-wrap:anywhere]">
              {attempt.excerpt}
            </pre>
          ) : (
            <p className="text-muted">{words.emptyBody}</p>
          )}
        </details>
      )}
    </li>
  )
}

function RangeDialog({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const rest = useRest()
  const client = useQueryClient()
  const [from, setFrom] = useState(() => fieldOf(new Date(Date.now() - HOUR_MS)))
  const [to, setTo] = useState(() => fieldOf(new Date()))
  const [problem, setProblem] = useState<'missing' | 'order' | null>(null)
  const redelivery = useMutation({
    mutationFn: (body: { from: string; to: string }) =>
      rest.ask<{ redelivered: number }>({ method: 'POST', path: '/v1/meetings/callbacks/redeliver', body }),
    onSuccess: ({ redelivered }) => {
      toasts.show({ id: 'redelivery', text: words.redelivered(redelivered) })
      void client.invalidateQueries({ queryKey: ['deliveries'] })
      onClose()
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const period = periodOf(from, to)
    if (typeof period === 'string') {
      setProblem(period)
    } else {
      setProblem(null)
      redelivery.mutate(period)
    }
  }
  return (
    <Dialog isOpen={isOpen} title={words.redeliverRange} closeLabel={words.close} onClose={onClose}>
      <form onSubmit={submit} noValidate className="grid gap-4">
        <p className="text-muted text-sm leading-relaxed">{words.rangeText}</p>
        <div className="grid gap-4 sm:grid-cols-2">
          <TextField
            label={words.from}
            type="datetime-local"
            value={from}
            onChange={(event) => setFrom(event.target.value)}
            error={problem === 'missing' ? words.rangeMissing : null}
          />
          <TextField
            label={words.to}
            type="datetime-local"
            value={to}
            onChange={(event) => setTo(event.target.value)}
            error={problem === 'order' ? words.rangeOrder : null}
          />
        </div>
        {redelivery.isError && <Failure error={redelivery.error} />}
        <div className="flex flex-wrap justify-end gap-3">
          <Button look="quiet" onClick={onClose}>
            {words.cancel}
          </Button>
          <Button type="submit" look="primary" isBusy={redelivery.isPending}>
            {words.send}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
