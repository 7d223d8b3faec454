import { Gauge, X } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { CheckState, ConnectionCheck } from '@/call/check/connectionCheck'
import { useAnnouncement } from '@/lib/useAnnouncement'
import { useWatchable } from '@/lib/useWatchable'
import { Button } from '@/ui/Button'
import { later } from '@/ui/later'
import { Notice } from '@/ui/Notice'
import { Spinner } from '@/ui/Spinner'

const CheckCard = later(async () => (await import('./CheckCard')).CheckCard)

const STEPS = {
  devices: 'check.devices',
  connecting: 'check.connecting',
  measuring: 'check.measuring',
  tcp: 'check.tcp',
} as const

/**
 * Checks the connection before joining and says what it found. Joining never waits for it. Its
 * parts stand in the wrapping row of its parent, beside other buttons.
 */
export function ConnectionCheckSection({ check }: { check: ConnectionCheck }) {
  const { t } = useTranslation()
  const state = useWatchable(check)
  const { step, result, failure } = state
  const isRunning = step !== null
  useAnnouncement(isRunning ? t(STEPS[step]) : '')
  return (
    <section aria-label={t('check.start')} className="contents">
      {/* One button, so that it keeps the focus. */}
      <Button className="px-4!" onClick={() => (isRunning ? check.stop() : void check.run())}>
        {isRunning ? <X className="size-5" aria-hidden="true" /> : <Gauge className="size-5" aria-hidden="true" />}
        {t(labelOf(state))}
      </Button>
      {isRunning && (
        <p className="flex items-center gap-2 text-muted text-sm">
          <Spinner className="size-4" />
          {t(STEPS[step])}
        </p>
      )}
      {(failure !== null || result !== null) && (
        <div className="min-w-0 basis-full">
          {failure !== null && <Notice title={t(failure === 'too_many_requests' ? 'check.busy' : 'check.failed')} />}
          {result !== null && <CheckCard result={result} />}
        </div>
      )}
    </section>
  )
}

function labelOf({ step, result, failure }: CheckState) {
  if (step !== null) {
    return 'check.stop'
  }
  return result === null && failure === null ? 'check.start' : 'check.again'
}
