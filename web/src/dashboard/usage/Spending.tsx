import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Plus, X } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { Button } from '@/ui/Button'
import { Notice } from '@/ui/Notice'
import { Switch } from '@/ui/Switch'
import { TextField } from '@/ui/TextField'
import { toasts } from '@/ui/toasts'
import { useRest } from '../rest'
import { formatMoney } from '../ui/format'
import { Badge, Card, Failure, Waiting } from '../ui/Screen'
import { parseMoney } from './model'
import { words } from './words'

export interface SpendingState {
  alerts: { amount: string }[]
  cap: string | null
  spent: string
  forecast: string | null
  currency: string
  reached: string[]
  capped: boolean
}

const PATH = '/v2/account/spending'
const KEY = ['spending']
const MOST_ALERTS = 10

/** Alerts and the cap of the account; only owners see and change them. */
export function Spending() {
  const rest = useRest()
  const isOwner = rest.role === 'owner'
  const found = useQuery({ queryKey: KEY, queryFn: () => rest.ask<SpendingState>({ path: PATH }), enabled: isOwner })
  return (
    <Card title={words.spending} text={isOwner ? words.spendingText : words.spendingOwner}>
      {isOwner &&
        (found.data !== undefined ? (
          <SpendingForm key={found.dataUpdatedAt} state={found.data} />
        ) : found.isError ? (
          <Failure error={found.error} onRetry={() => void found.refetch()} />
        ) : (
          <Waiting />
        ))}
    </Card>
  )
}

interface Draft {
  id: number
  text: string
}

function SpendingForm({ state }: { state: SpendingState }) {
  const rest = useRest()
  const client = useQueryClient()
  const [alerts, setAlerts] = useState<Draft[]>(() => state.alerts.map(({ amount }, id) => ({ id, text: amount })))
  const [hasCap, setHasCap] = useState(state.cap !== null)
  const [cap, setCap] = useState(state.cap ?? '')
  const [isChecked, setChecked] = useState(false)
  const change = useMutation({
    mutationFn: (body: { alerts: { amount: string }[]; cap: string | null }) =>
      rest.ask<SpendingState>({ method: 'PUT', path: PATH, body }),
    onSuccess: (changed) => {
      client.setQueryData(KEY, changed)
      toasts.show({ id: 'spending', text: words.saved })
    },
  })
  const errorOf = (text: string) => (isChecked && parseMoney(text) === null ? words.notMoney : null)

  const submit = (event: FormEvent) => {
    event.preventDefault()
    setChecked(true)
    const amounts = alerts.map(({ text }) => parseMoney(text))
    const limit = hasCap ? parseMoney(cap) : null
    if (amounts.some((amount) => amount === null) || (hasCap && limit === null)) {
      return
    }
    change.mutate({ alerts: amounts.flatMap((amount) => (amount === null ? [] : [{ amount }])), cap: limit })
  }
  const reached = new Set(state.reached.map(Number))

  return (
    <form onSubmit={submit} noValidate className="grid gap-5">
      {state.capped && <Notice look="danger" title={words.capped} />}
      {state.cap !== null && (
        <div>
          <p className="flex flex-wrap justify-between gap-x-3 text-sm">
            <span>{words.spent}</span>
            <span className="tabular-nums">
              {words.spentOf(formatMoney(state.spent, state.currency), formatMoney(state.cap, state.currency))}
            </span>
          </p>
          <div className="mt-1.5 h-2 overflow-hidden rounded-full bg-sunken" aria-hidden="true">
            <div
              className={`h-full rounded-full ${state.capped ? 'bg-danger' : 'bg-accent'}`}
              style={{ width: `${Math.min(100, (Number(state.spent) / Number(state.cap)) * 100)}%` }}
            />
          </div>
        </div>
      )}
      <fieldset>
        <legend className="font-medium text-sm">{words.alerts}</legend>
        {alerts.length === 0 && <p className="mt-2 text-muted text-sm">{words.noAlerts}</p>}
        <ul className="mt-2 grid gap-3">
          {alerts.map(({ id, text }, index) => (
            <li key={id} className="flex items-start gap-2">
              <TextField
                className="max-w-60 flex-1"
                label={`${words.alert(index + 1)} (${state.currency})`}
                inputMode="decimal"
                value={text}
                error={errorOf(text)}
                onChange={(event) =>
                  setAlerts(alerts.map((one) => (one.id === id ? { id, text: event.target.value } : one)))
                }
              />
              <button
                type="button"
                aria-label={words.removeAlert(index + 1)}
                onClick={() => setAlerts(alerts.filter((one) => one.id !== id))}
                className="mt-6.5 flex size-11 shrink-0 items-center justify-center rounded-xl text-muted hover:bg-hover hover:text-ink"
              >
                <X className="size-5" aria-hidden="true" />
              </button>
              {parseMoney(text) !== null && reached.has(Number(parseMoney(text))) && (
                <span className="mt-9">
                  <Badge look="warn">{words.reached}</Badge>
                </span>
              )}
            </li>
          ))}
        </ul>
        {alerts.length < MOST_ALERTS && (
          <Button
            look="quiet"
            className="-ms-3 mt-2 px-3"
            onClick={() => setAlerts([...alerts, { id: Math.max(0, ...alerts.map(({ id }) => id)) + 1, text: '' }])}
          >
            <Plus className="size-4.5" aria-hidden="true" />
            {words.addAlert}
          </Button>
        )}
      </fieldset>
      <div>
        <Switch label={words.hasCap} text={words.capText} isOn={hasCap} onChange={setHasCap} />
        {hasCap && (
          <TextField
            className="mt-2 max-w-60"
            label={`${words.cap} (${state.currency})`}
            inputMode="decimal"
            value={cap}
            error={errorOf(cap)}
            onChange={(event) => setCap(event.target.value)}
          />
        )}
      </div>
      {change.isError && <Failure error={change.error} />}
      <div>
        <Button type="submit" look="primary" isBusy={change.isPending}>
          {words.save}
        </Button>
      </div>
    </form>
  )
}
