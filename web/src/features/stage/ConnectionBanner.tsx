import { useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import type { ConnectionState } from '@/call/connection'
import { announcer } from '@/lib/announcer'
import { Spinner } from '@/ui/Spinner'

const WORDS = {
  joining: 'connection.rejoining',
  connecting: 'connection.rejoining',
  backoff: 'connection.rejoining',
  interrupted: 'connection.interrupted',
  lobby: 'connection.held',
} as const

/** Says at once that the connection is being restored, to eyes and ears. */
export function ConnectionBanner({ phase }: { phase: ConnectionState['phase'] }) {
  const { t } = useTranslation()
  const words = phase === 'connected' || phase === 'closed' || phase === 'idle' ? null : t(WORDS[phase])
  const before = useRef<string | null>(null)
  useEffect(() => {
    if (words !== null && before.current === null) {
      announcer.interrupt(words)
    } else {
      announcer.say(words ?? '')
    }
    before.current = words
  }, [words])
  if (words === null) {
    return null
  }
  return (
    <div data-testid="connection-banner" className="flex justify-center">
      <p className="appear flex items-center gap-3 rounded-2xl bg-warn-soft px-4 py-3 font-medium text-sm text-warn-ink shadow-2">
        <Spinner className="size-5 shrink-0" />
        {words}
      </p>
    </div>
  )
}
