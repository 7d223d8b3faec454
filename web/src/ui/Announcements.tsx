import { announcer } from '@/lib/announcer'
import { useWatchable } from '@/lib/useWatchable'

/** The two lines that screen readers read by themselves; the only ones of a meeting. */
export function Announcements() {
  const { polite, assertive } = useWatchable(announcer)
  return (
    <div className="sr-only">
      <p aria-live="polite" data-testid="announced">
        <span key={polite.key}>{polite.text}</span>
      </p>
      <p aria-live="assertive" data-testid="interrupting">
        <span key={assertive.key}>{assertive.text}</span>
      </p>
    </div>
  )
}
