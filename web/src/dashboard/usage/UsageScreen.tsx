import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { CalendarDays, ChartColumn, Download, Printer } from 'lucide-react'
import { lazy, Suspense, useCallback, useMemo, useState } from 'react'
import { Button } from '@/ui/Button'
import { Select } from '@/ui/Select'
import { toasts } from '@/ui/toasts'
import { type Rest, RestError, useRest } from '../rest'
import { formatDay, formatMinutes, formatMoney, formatMonth } from '../ui/format'
import { useRoomNames } from '../ui/roomNames'
import { Card, Choice, type Column, Empty, Failure, ListCard, Screen, Table, Waiting } from '../ui/Screen'
import { saveFile } from '../ui/save'
import {
  byCost,
  type Forecast,
  forecast,
  type Measure,
  monthOf,
  periodOf,
  pointsOf,
  recentMonths,
  type Tier,
  type Usage,
  type UsageDay,
  type Used,
} from './model'
import { Tiers } from './Tiers'
import { words } from './words'

const DayChart = lazy(() => import('./DayChart'))

const MONTHS = 13
const ROOMS_AT_ONCE = 50

interface Statement {
  currency: string
  lines: { application_id: string; application_name: string | null }[]
}

interface Prices {
  tiers: Tier[]
}

interface ApplicationUsage extends Used {
  application_id: string
}

interface RoomUsage extends Used {
  room_id: string
}

/** Minutes and money of a month: of the account, of its applications, of the rooms of one. */
export function UsageScreen({ now = new Date() }: { now?: Date }) {
  const rest = useRest()
  const [today] = useState(now)
  const [month, setMonth] = useState(() => monthOf(today))
  const period = useMemo(() => periodOf(month, today), [month, today])
  const usage = useQuery({
    queryKey: ['usage', month],
    queryFn: () => rest.ask<Usage>({ path: '/v2/usage', query: period }),
    placeholderData: keepPreviousData,
  })
  const statement = useQuery({
    queryKey: ['statement', month],
    queryFn: () => rest.ask<Statement>({ path: '/v2/usage/statement', query: { month } }),
    placeholderData: keepPreviousData,
  })
  const prices = useQuery({
    queryKey: ['prices', month],
    queryFn: () => rest.ask<Prices>({ path: '/v2/usage/prices', query: { month } }),
    placeholderData: keepPreviousData,
  })
  const months = recentMonths(today, MONTHS).map((value) => ({ value, label: formatMonth(value) }))
  const failed = [usage, statement, prices].find(({ isError }) => isError)
  return (
    <Screen
      title={words.title}
      text={words.text}
      actions={
        <>
          <Select
            label={words.month}
            icon={CalendarDays}
            options={months}
            value={month}
            emptyText={words.noMonth}
            onChoose={setMonth}
            className="w-52"
          />
          <StatementButtons month={month} rest={rest} />
        </>
      }
    >
      {failed !== undefined ? (
        <Failure
          error={failed.error}
          onRetry={() => void Promise.all([usage.refetch(), statement.refetch(), prices.refetch()])}
        />
      ) : usage.data === undefined || statement.data === undefined || prices.data === undefined ? (
        <Waiting />
      ) : (
        <div className={`grid gap-5 ${usage.isPlaceholderData ? 'opacity-60' : ''}`}>
          <Totals
            usage={usage.data}
            month={month}
            isNow={month === monthOf(today)}
            outlook={forecast(month, usage.data, prices.data.tiers, today)}
          />
          <Days usage={usage.data} month={month} />
          <Card title={words.tiers} text={words.tiersText}>
            <div className="grid gap-6 lg:grid-cols-2">
              {(['participant', 'recording'] as const).map((kind) => (
                <Tiers
                  key={kind}
                  kind={kind}
                  tiers={prices.data.tiers}
                  minutes={usage.data[`${kind}_minutes`]}
                  currency={usage.data.currency}
                />
              ))}
            </div>
          </Card>
          <Applications period={period} month={month} statement={statement.data} />
          <Rooms period={period} month={month} />
        </div>
      )}
    </Screen>
  )
}

/** The statement as a table for spreadsheets, and as a page of its own to print. */
function StatementButtons({ month, rest }: { month: string; rest: Rest }) {
  const save = async (type: 'text/csv' | 'text/html', ending: string) => {
    try {
      const text = await rest.text({ path: '/v2/usage/statement', query: { month } }, type)
      saveFile(`statement-${month}.${ending}`, text, type)
    } catch (error) {
      const detail = error instanceof RestError ? { detail: error.message } : {}
      toasts.show({ id: 'statement', text: words.statementFailed, isUrgent: true, ...detail })
    }
  }
  return (
    <>
      <Button className="px-4" aria-label={words.csvLabel} onClick={() => void save('text/csv', 'csv')}>
        <Download className="size-4.5" aria-hidden="true" />
        {words.csv}
      </Button>
      <Button className="px-4" aria-label={words.statementLabel} onClick={() => void save('text/html', 'html')}>
        <Printer className="size-4.5" aria-hidden="true" />
        {words.statement}
      </Button>
    </>
  )
}

function Totals({
  usage,
  month,
  isNow,
  outlook,
}: {
  usage: Usage
  month: string
  isNow: boolean
  outlook: Forecast | null
}) {
  const minutes = (value: number | undefined) =>
    value === undefined ? undefined : words.forecastMinutes(formatMinutes(value))
  return (
    <dl className="grid grid-cols-[repeat(auto-fit,minmax(min(13rem,100%),1fr))] gap-3 sm:gap-5">
      <Total
        label={isNow ? words.soFar : words.inMonth(formatMonth(month))}
        value={formatMoney(usage.cost, usage.currency)}
      />
      <Total
        label={words.forecast}
        value={outlook === null ? '–' : formatMoney(outlook.cost.toFixed(2), usage.currency)}
        detail={outlook !== null ? words.forecastText : isNow ? words.forecastEarly : words.monthOver}
      />
      <Total
        label={words.participantMinutes}
        value={formatMinutes(usage.participant_minutes)}
        detail={minutes(outlook?.participant)}
      />
      <Total
        label={words.recordingMinutes}
        value={formatMinutes(usage.recording_minutes)}
        detail={minutes(outlook?.recording)}
      />
    </dl>
  )
}

function Total({ label, value, detail }: { label: string; value: string; detail?: string | undefined }) {
  return (
    <div className="rounded-2xl border border-line bg-surface p-4 shadow-1 sm:p-5">
      <dt className="text-muted text-sm">{label}</dt>
      <dd className="mt-1 font-semibold text-2xl tabular-nums tracking-tight">{value}</dd>
      {detail !== undefined && <dd className="mt-1 text-muted text-xs">{detail}</dd>}
    </div>
  )
}

const MEASURES = [
  { value: 'cost', label: words.cost },
  { value: 'participant', label: words.people },
  { value: 'recording', label: words.recordings },
] as const
const MEASURE_NAMES: Record<Measure, string> = {
  cost: words.cost,
  participant: words.participantMinutes,
  recording: words.recordingMinutes,
}

function usedColumns(currency: string): Column<Used>[] {
  return [
    { title: words.participantMinutes, cell: (used) => formatMinutes(used.participant_minutes), isNumber: true },
    { title: words.recordingMinutes, cell: (used) => formatMinutes(used.recording_minutes), isNumber: true },
    { title: words.cost, cell: (used) => formatMoney(used.cost, currency), isNumber: true },
  ]
}

function Days({ usage, month }: { usage: Usage; month: string }) {
  const [measure, setMeasure] = useState<Measure>('cost')
  const { days, currency } = usage
  const points = useMemo(() => pointsOf(month, days, measure), [month, days, measure])
  const format = useCallback(
    (value: number) => (measure === 'cost' ? formatMoney(value.toFixed(4), currency) : formatMinutes(value)),
    [measure, currency],
  )
  const used = days.filter((day) => day.participant_minutes !== 0 || day.recording_minutes !== 0)
  const columns: Column<UsageDay>[] = [
    { title: words.day, cell: (day) => formatDay(day.date) },
    ...usedColumns(currency),
  ]
  return (
    <Card
      title={words.byDay}
      action={<Choice label={words.measure} options={MEASURES} value={measure} onChoose={setMeasure} />}
    >
      {used.length === 0 ? (
        <Empty icon={ChartColumn} title={words.emptyTitle} text={words.emptyText} />
      ) : (
        <>
          <Suspense fallback={<div className="h-61" />}>
            <DayChart
              points={points}
              format={format}
              label={words.chartOfDays(MEASURE_NAMES[measure], formatMonth(month))}
            />
          </Suspense>
          <details className="mt-3">
            <summary className="inline-flex min-h-11 cursor-pointer items-center rounded-lg font-medium text-accent-ink text-sm">
              {words.showTable}
            </summary>
            <Table label={words.tableOfDays} columns={columns} rows={used} keyOf={(day) => day.date} />
          </details>
        </>
      )}
    </Card>
  )
}

/** The part of a whole as a bar; the number beside it says the same. */
function ShareBar({ share }: { share: number }) {
  return (
    <span className="block h-2 w-full min-w-24 overflow-hidden rounded-full bg-sunken" aria-hidden="true">
      <span className="block h-full rounded-full bg-accent" style={{ width: `${Math.min(100, share * 100)}%` }} />
    </span>
  )
}

function shareColumn(whole: number): Column<Used> {
  return {
    title: words.share,
    cell: (used) => (
      <span className="flex items-center gap-3">
        <ShareBar share={whole > 0 ? Number(used.cost) / whole : 0} />
        <span className="w-10 shrink-0 text-end tabular-nums">
          {whole > 0 ? Math.round((Number(used.cost) / whole) * 100) : 0}%
        </span>
      </span>
    ),
  }
}

interface Section {
  period: { from: string; to: string }
  month: string
}

function Applications({ period, month, statement }: Section & { statement: Statement }) {
  const rest = useRest()
  const found = useQuery({
    queryKey: ['usage', month, 'applications'],
    queryFn: () =>
      rest.ask<Used & { currency: string; _embedded: ApplicationUsage[] }>({
        path: '/v2/usage/applications',
        query: { ...period, page_size: 1000 },
      }),
  })
  const names = new Map(statement.lines.map((line) => [line.application_id, line.application_name]))
  const nameOf = (id: string) => (
    <>
      <span className="block min-w-32">{names.has(id) ? (names.get(id) ?? words.deletedApplication) : id}</span>
      {names.has(id) && <span className="block text-muted text-xs">{id}</span>}
    </>
  )
  const rows = found.data?._embedded ?? []
  return (
    <Card title={words.byApplication}>
      {found.isError ? (
        <Failure error={found.error} onRetry={() => void found.refetch()} />
      ) : found.data === undefined ? (
        <Waiting />
      ) : rows.length === 0 ? (
        <Empty icon={ChartColumn} title={words.emptyTitle} text={words.emptyText} />
      ) : (
        <Table
          label={words.byApplication}
          columns={
            [
              { title: words.application, cell: (row) => nameOf(row.application_id) },
              shareColumn(Number(found.data.cost)),
              ...usedColumns(found.data.currency),
            ] satisfies Column<ApplicationUsage>[]
          }
          rows={byCost(rows)}
          keyOf={(row) => row.application_id}
        />
      )}
    </Card>
  )
}

function Rooms({ period, month }: Section) {
  const rest = useRest()
  const found = useInfiniteQuery({
    queryKey: ['usage', month, 'rooms', rest.applicationId],
    queryFn: ({ pageParam }) =>
      rest.ask<{ currency: string; _embedded: RoomUsage[]; after: number; has_more: boolean }>({
        path: '/v1/meetings/usage/rooms',
        query: { ...period, after: pageParam, limit: ROOMS_AT_ONCE },
      }),
    initialPageParam: 0,
    getNextPageParam: (page) => (page.has_more ? page.after : undefined),
  })
  const rows = found.data?.pages.flatMap((page) => page._embedded) ?? []
  const rooms = useRoomNames(rows.map(({ room_id }) => room_id))
  const currency = found.data?.pages[0]?.currency ?? 'USD'
  const whole = rows.reduce((sum, row) => sum + Number(row.cost), 0)
  return (
    <ListCard
      title={words.byRoom}
      text={words.byRoomText}
      found={found}
      isEmpty={rows.length === 0}
      empty={{ icon: ChartColumn, title: words.noRooms, text: words.noRoomsText }}
      more={words.more}
    >
      <Table
        label={words.byRoom}
        columns={
          [
            {
              title: words.room,
              cell: (row) => <span className="block min-w-32">{rooms.nameOf(row.room_id)}</span>,
            },
            shareColumn(whole),
            ...usedColumns(currency),
          ] satisfies Column<RoomUsage>[]
        }
        rows={byCost(rows)}
        keyOf={(row) => row.room_id}
      />
    </ListCard>
  )
}
