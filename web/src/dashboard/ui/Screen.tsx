import type { LucideIcon } from 'lucide-react'
import { TriangleAlert } from 'lucide-react'
import { type ReactNode, useId } from 'react'
import { Button } from '@/ui/Button'
import { Spinner } from '@/ui/Spinner'
import { words } from './words'

/** One screen of the dashboard: its heading, its buttons and its cards. */
export function Screen({
  title,
  text,
  actions,
  children,
}: {
  title: string
  text?: string
  actions?: ReactNode
  children: ReactNode
}) {
  return (
    <div className="mx-auto flex w-full min-w-0 max-w-6xl flex-col gap-5">
      <header className="flex flex-wrap items-end justify-between gap-x-6 gap-y-3">
        <div className="min-w-0 max-w-2xl">
          <h1 className="font-semibold text-2xl tracking-tight">{title}</h1>
          {text !== undefined && <p className="mt-1 text-pretty text-muted leading-relaxed">{text}</p>}
        </div>
        {actions !== undefined && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
      </header>
      {children}
    </div>
  )
}

/** A part of a screen with a heading of its own. */
export function Card({
  title,
  text,
  action,
  children,
  className = '',
}: {
  title: string
  text?: string
  action?: ReactNode
  children: ReactNode
  className?: string
}) {
  const id = useId()
  return (
    <section
      aria-labelledby={id}
      className={`min-w-0 rounded-2xl border border-line bg-surface p-4 shadow-1 sm:p-6 ${className}`}
    >
      <div className="flex flex-wrap items-start justify-between gap-x-4 gap-y-3">
        <div className="min-w-0 max-w-prose">
          <h2 id={id} className="font-semibold">
            {title}
          </h2>
          {text !== undefined && <p className="mt-1 text-pretty text-muted text-sm leading-relaxed">{text}</p>}
        </div>
        {action}
      </div>
      <div className="mt-4">{children}</div>
    </section>
  )
}

/** Stands where an answer is awaited; late, so that a fast answer shows no flicker. */
export function Waiting({ label = words.loading }: { label?: string }) {
  return (
    <p role="status" className="appear-late flex items-center justify-center gap-3 py-10 text-muted text-sm">
      <Spinner />
      {label}
    </p>
  )
}

/** Says why something could not be shown, and offers another attempt. */
export function Failure({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  return (
    <div
      role="alert"
      className="flex flex-col items-start gap-3 rounded-2xl bg-danger-soft p-4 text-danger-ink text-sm"
    >
      <p className="flex items-start gap-3 leading-relaxed [overflow-wrap:anywhere]">
        <TriangleAlert className="mt-0.5 size-5 shrink-0" aria-hidden="true" />
        {error instanceof Error && error.message !== '' ? error.message : words.failed}
      </p>
      {onRetry !== undefined && (
        <Button look="secondary" className="px-4" onClick={onRetry}>
          {words.retry}
        </Button>
      )}
    </div>
  )
}

/** Says that there is nothing yet, and how that changes. */
export function Empty({
  icon: Icon,
  title,
  text,
  children,
}: {
  icon: LucideIcon
  title: string
  text: string
  children?: ReactNode
}) {
  return (
    <div className="flex flex-col items-center px-2 py-10 text-center">
      <span className="mb-4 flex size-12 items-center justify-center rounded-2xl bg-sunken text-muted">
        <Icon className="size-6" strokeWidth={1.75} aria-hidden="true" />
      </span>
      <p className="text-balance font-semibold">{title}</p>
      <p className="mt-1 max-w-md text-balance text-muted text-sm leading-relaxed">{text}</p>
      {children !== undefined && <div className="mt-5">{children}</div>}
    </div>
  )
}

const BADGES = {
  plain: 'bg-sunken text-muted',
  good: 'bg-accent-soft text-accent-ink',
  warn: 'bg-warn-soft text-warn-ink',
  danger: 'bg-danger-soft text-danger-ink',
}

export type BadgeLook = keyof typeof BADGES

export function Badge({ look = 'plain', children }: { look?: BadgeLook; children: ReactNode }) {
  return (
    <span className={`inline-block whitespace-nowrap rounded-full px-2.5 py-0.5 font-medium text-xs ${BADGES[look]}`}>
      {children}
    </span>
  )
}

/** One of two or three views of the same thing. */
export function Choice<Value extends string>({
  label,
  options,
  value,
  onChoose,
}: {
  label: string
  options: readonly { value: Value; label: string }[]
  value: Value
  onChoose: (value: Value) => void
}) {
  const name = useId()
  return (
    <fieldset className="flex max-w-full flex-wrap rounded-xl bg-sunken p-1">
      <legend className="sr-only">{label}</legend>
      {options.map((option) => (
        <label
          key={option.value}
          className="flex min-h-9 cursor-pointer items-center rounded-lg px-3 font-medium text-muted text-sm has-checked:bg-surface has-checked:text-ink has-checked:shadow-1 has-focus-visible:outline-3 has-focus-visible:outline-accent-line has-focus-visible:outline-offset-2"
        >
          <input
            type="radio"
            name={name}
            value={option.value}
            checked={option.value === value}
            onChange={() => onChoose(option.value)}
            className="sr-only"
          />
          {option.label}
        </label>
      ))}
    </fieldset>
  )
}

/** The part of an infinite query that a list uses. */
interface Pieces {
  data: unknown
  error: unknown
  isError: boolean
  hasNextPage: boolean
  isFetchingNextPage: boolean
  refetch: () => unknown
  fetchNextPage: () => unknown
}

/** A card with a list that is loaded piece by piece; `children` is the list where it has rows. */
export function ListCard({
  title,
  text,
  found,
  isEmpty,
  empty,
  more,
  children,
}: {
  title: string
  text?: string
  found: Pieces
  isEmpty: boolean
  empty: { icon: LucideIcon; title: string; text: string }
  /** The label of the button for the next piece. */
  more: string
  children: ReactNode
}) {
  const list = isEmpty ? (
    <Empty {...empty} />
  ) : (
    <>
      {children}
      {found.hasNextPage && (
        <Button className="mt-4" isBusy={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
          {more}
        </Button>
      )}
    </>
  )
  const missing = found.isError ? <Failure error={found.error} onRetry={() => void found.refetch()} /> : <Waiting />
  return (
    <Card title={title} {...(text === undefined ? {} : { text })}>
      {found.data === undefined ? missing : list}
    </Card>
  )
}

export interface Column<Row> {
  title: string
  cell: (row: Row) => ReactNode
  /** Numbers stand at the end. */
  isNumber?: boolean
}

/** A table that scrolls sideways where it has no room, also with the keyboard. */
export function Table<Row>({
  label,
  columns,
  rows,
  keyOf,
}: {
  label: string
  columns: readonly Column<Row>[]
  rows: readonly Row[]
  keyOf: (row: Row) => string | number
}) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached with the keyboard.
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for fields.
    <div role="group" aria-label={label} tabIndex={0} className="-mx-4 overflow-x-auto px-4 sm:-mx-6 sm:px-6">
      <table className="w-full border-collapse text-sm">
        <caption className="sr-only">{label}</caption>
        <thead>
          <tr className="border-line border-b text-muted">
            {columns.map(({ title, isNumber }) => (
              <th
                key={title}
                scope="col"
                className={`whitespace-nowrap py-2 pe-4 font-medium last:pe-0 ${isNumber ? 'text-end' : 'text-start'}`}
              >
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)} className="border-line border-b last:border-b-0">
              {columns.map(({ title, cell, isNumber }, index) => {
                const look = `py-2.5 pe-4 align-middle last:pe-0 ${isNumber ? 'whitespace-nowrap text-end tabular-nums' : 'text-start'}`
                return index === 0 ? (
                  <th key={title} scope="row" className={`font-normal ${look}`}>
                    {cell(row)}
                  </th>
                ) : (
                  <td key={title} className={look}>
                    {cell(row)}
                  </td>
                )
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
