import { Pin, PinOff } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { Chat } from '@/call/chat'
import { useWatchable } from '@/lib/useWatchable'
import { MessageText } from './MessageText'

/** The message that a host has put above the others; hosts take it away again. */
export function PinnedMessage({ chat, isHost }: { chat: Chat; isHost: boolean }) {
  const { t } = useTranslation()
  const { pinned } = useWatchable(chat)
  if (pinned === null) {
    return null
  }
  return (
    <section
      aria-label={t('chat.pinned')}
      className="mx-3 mb-1 flex items-start gap-2 rounded-2xl bg-accent-soft ps-3.5 pe-1 text-sm"
    >
      <Pin className="mt-3 size-4 shrink-0 text-accent-ink" aria-hidden="true" />
      <div className="max-h-28 min-w-0 flex-1 overflow-y-auto py-2.5">
        <p dir="auto" className="truncate font-semibold text-xs">
          {pinned.name}
        </p>
        <p dir="auto" className="whitespace-pre-wrap leading-relaxed [overflow-wrap:anywhere]">
          <MessageText text={pinned.message} />
        </p>
      </div>
      {isHost && (
        <button
          type="button"
          aria-label={t('chat.unpin')}
          title={t('chat.unpin')}
          onClick={() => chat.pin(null)}
          className="flex size-11 shrink-0 items-center justify-center rounded-xl text-accent-ink hover:bg-hover"
        >
          <PinOff className="size-4.5" aria-hidden="true" />
        </button>
      )}
    </section>
  )
}
