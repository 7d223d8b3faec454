import { X } from 'lucide-react'
import { useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import type { Chat } from '@/call/chat'
import { useWatchable } from '@/lib/useWatchable'
import { Composer } from './Composer'
import { MessageList } from './MessageList'

/** What people write to one another. The chat counts as open while this is shown. */
export function ChatPanel({ chat, onClose }: { chat: Chat; onClose: () => void }) {
  const { t } = useTranslation()
  const { messages, isCut } = useWatchable(chat)
  const heading = useRef<HTMLHeadingElement>(null)
  const field = useRef<HTMLTextAreaElement>(null)
  useEffect(() => {
    chat.open()
    return () => chat.close()
  }, [chat])
  useEffect(() => {
    const before = document.activeElement
    // On a touch screen the field would bring up the keyboard, over what there is to read.
    const start = window.matchMedia('(pointer: coarse)').matches ? heading.current : field.current
    start?.focus()
    return () => {
      if (before instanceof HTMLElement && before.isConnected) {
        before.focus()
      }
    }
  }, [])
  return (
    <aside
      aria-label={t('chat.title')}
      onKeyDown={(event) => {
        if (event.key === 'Escape' && !event.nativeEvent.isComposing) {
          event.stopPropagation()
          onClose()
        }
      }}
      className="appear z-30 flex w-80 shrink-0 flex-col overflow-hidden rounded-2xl border border-line bg-surface shadow-1 max-md:absolute max-md:inset-2 max-md:w-auto max-md:shadow-2"
    >
      <header className="flex items-center justify-between gap-2 py-2 ps-5 pe-2">
        <h2 ref={heading} tabIndex={-1} className="font-semibold outline-none">
          {t('chat.title')}
        </h2>
        <button
          type="button"
          aria-label={t('stage.close')}
          onClick={onClose}
          className="flex size-11 items-center justify-center rounded-xl text-muted hover:bg-hover hover:text-ink"
        >
          <X className="size-5" aria-hidden="true" />
        </button>
      </header>
      <MessageList messages={messages} isCut={isCut} isMine={(message) => chat.isMine(message)} />
      <Composer chat={chat} fieldRef={field} />
    </aside>
  )
}
