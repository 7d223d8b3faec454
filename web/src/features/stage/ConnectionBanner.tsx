import { useTranslation } from 'react-i18next'
import type { ConnectionState } from '@/call/connection'
import { Spinner } from '@/ui/Spinner'

const WORDS = {
  joining: 'connection.rejoining',
  connecting: 'connection.rejoining',
  waiting: 'connection.rejoining',
  interrupted: 'connection.interrupted',
  held: 'connection.held',
} as const

/** Says that the connection is being restored. Short hiccups pass before it appears. */
export function ConnectionBanner({ phase }: { phase: ConnectionState['phase'] }) {
  const { t } = useTranslation()
  if (phase === 'connected' || phase === 'closed' || phase === 'idle') {
    return null
  }
  return (
    <div
      role="status"
      data-testid="connection-banner"
      className="pointer-events-none absolute inset-x-0 top-3 z-20 flex justify-center px-4"
    >
      <p className="appear-late flex items-center gap-3 rounded-2xl bg-warn-soft px-4 py-3 font-medium text-sm text-warn-ink shadow-2">
        <Spinner className="size-5 shrink-0" />
        {t(WORDS[phase])}
      </p>
    </div>
  )
}
