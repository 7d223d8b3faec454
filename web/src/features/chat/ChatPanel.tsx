import { useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import type { Chat } from '@/call/chat'
import { useWatchable } from '@/lib/useWatchable'
import { SidePanel } from '@/ui/SidePanel'
import { Composer } from './Composer'
import { MessageList } from './MessageList'

/** What people write to one another. The chat counts as open while this is shown. */
export function ChatPanel({ chat, onClose }: { chat: Chat; onClose: () => void }) {
  const { t } = useTranslation()
  const { messages, isCut } = useWatchable(chat)
  const field = useRef<HTMLTextAreaElement>(null)
  useEffect(() => {
    chat.open()
    return () => chat.close()
  }, [chat])
  return (
    <SidePanel
      label={t('chat.title')}
      closeLabel={t('stage.close')}
      title={t('chat.title')}
      onClose={onClose}
      // On a touch screen the field would bring up the keyboard, over what there is to read.
      focusFirst={() => (window.matchMedia('(pointer: coarse)').matches ? null : field.current)}
    >
      <MessageList messages={messages} isCut={isCut} isMine={(message) => chat.isMine(message)} />
      <Composer chat={chat} fieldRef={field} />
    </SidePanel>
  )
}
