import { useTranslation } from 'react-i18next'
import type { Chat } from '@/call/chat'
import { useWatchable } from '@/lib/useWatchable'

/** Reads out that somebody wrote while the panel is closed; the open panel reads out what. */
export function ChatNews({ chat }: { chat: Chat }) {
  const { t } = useTranslation()
  const { messages, unread, isOpen } = useWatchable(chat)
  const newest = messages.findLast((message) => !chat.isMine(message))
  return (
    <p role="status" className="sr-only">
      {!isOpen && unread > 0 && newest !== undefined ? t('chat.news', { name: newest.name, count: unread }) : ''}
    </p>
  )
}
