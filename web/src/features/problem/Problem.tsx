import { Clock, CloudOff, Link2Off, Lock, SearchX, ServerCrash, Users } from 'lucide-react'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { PageErrorCode } from '@/api/page'
import { Button } from '@/ui/Button'
import { Message } from '@/ui/Message'

const PAGES = {
  unknown_meeting: { words: 'unknown', icon: SearchX, isWorthRetrying: false },
  meeting_expired: { words: 'expired', icon: Clock, isWorthRetrying: false },
  host_link_invalid: { words: 'hostLink', icon: Link2Off, isWorthRetrying: false },
  meeting_full: { words: 'full', icon: Users, isWorthRetrying: true },
  too_many_requests: { words: 'slowDown', icon: Clock, isWorthRetrying: true },
  signalling_blocked: { words: 'signalling', icon: CloudOff, isWorthRetrying: true, isForPerson: true },
  media_blocked: { words: 'media', icon: CloudOff, isWorthRetrying: true, isForPerson: true },
  offline: { words: 'offline', icon: CloudOff, isWorthRetrying: true },
  unavailable: { words: 'unavailable', icon: ServerCrash, isWorthRetrying: true },
  invalid_input: { words: 'unknown', icon: SearchX, isWorthRetrying: false },
  locked: { words: 'locked', icon: Lock, isWorthRetrying: true },
  // Never shown here: the page about being denied says it.
  denied: { words: 'unavailable', icon: ServerCrash, isWorthRetrying: true },
  removed: { words: 'unavailable', icon: ServerCrash, isWorthRetrying: true },
  unknown_waiting: { words: 'unavailable', icon: ServerCrash, isWorthRetrying: true },
  // Never shown here: a share that was not replaced is asked about again.
  share_changed: { words: 'unavailable', icon: ServerCrash, isWorthRetrying: true },
  not_permitted: { words: 'hostLink', icon: Link2Off, isWorthRetrying: false },
} as const satisfies Record<PageErrorCode, unknown>

const RETRY_SECONDS = 10

export interface ProblemProps {
  code: PageErrorCode
  /** Seconds the server asks us to wait, if it does. */
  retryAfter: number | null
  /** Where the media was to go, such as `UDP 7882`. */
  mediaPorts?: string
  onRetry: () => void
  onJoinAsGuest: () => void
  onOtherMeeting: () => void
}

/** Says why there is no meeting to enter, and offers every way on that makes sense. */
export function Problem({
  code,
  retryAfter,
  mediaPorts = 'UDP',
  onRetry,
  onJoinAsGuest,
  onOtherMeeting,
}: ProblemProps) {
  const { t } = useTranslation()
  const { words, icon, isWorthRetrying } = PAGES[code]
  const isHostLink = words === 'hostLink'
  return (
    <Message
      icon={icon}
      title={t(`error.${words}`)}
      text={t(`error.${words}Text`, { host: window.location.host, ports: mediaPorts })}
    >
      {isWorthRetrying && (
        <Button look="primary" onClick={onRetry}>
          {t('error.retry')}
        </Button>
      )}
      {isHostLink && (
        <Button look="primary" onClick={onJoinAsGuest}>
          {t('error.asGuest')}
        </Button>
      )}
      <Button look={isWorthRetrying || isHostLink ? 'secondary' : 'primary'} onClick={onOtherMeeting}>
        {t('ended.otherMeeting')}
      </Button>
      {isWorthRetrying && !('isForPerson' in PAGES[code]) && (
        <Countdown seconds={Math.max(retryAfter ?? 0, RETRY_SECONDS)} onElapsed={onRetry} />
      )}
    </Message>
  )
}

function Countdown({ seconds, onElapsed }: { seconds: number; onElapsed: () => void }) {
  const { t } = useTranslation()
  const [left, setLeft] = useState(Math.ceil(seconds))
  useEffect(() => {
    if (left <= 0) {
      onElapsed()
      return
    }
    const timer = window.setTimeout(() => setLeft(left - 1), 1000)
    return () => window.clearTimeout(timer)
  }, [left, onElapsed])
  return <p className="w-full text-muted text-sm tabular-nums">{t('error.retryingIn', { count: Math.max(1, left) })}</p>
}
