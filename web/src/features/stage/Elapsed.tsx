import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { formatElapsed } from '@/lib/clock'

/** How long the meeting has been running; `since` is on the clock of `performance.now()`. */
export function Elapsed({ since }: { since: number }) {
  const { t } = useTranslation()
  const [now, setNow] = useState(() => performance.now())
  useEffect(() => {
    const timer = window.setInterval(() => setNow(performance.now()), 1000)
    return () => window.clearInterval(timer)
  }, [])
  const time = formatElapsed(now - since)
  return (
    <time role="timer" aria-label={t('stage.elapsed', { time })} className="shrink-0 text-muted text-sm tabular-nums">
      {time}
    </time>
  )
}
