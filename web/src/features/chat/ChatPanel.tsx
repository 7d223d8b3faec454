import { MessageSquare } from 'lucide-react'
import { type RefObject, useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import type { Chat } from '@/call/chat'
import { useAnnouncement } from '@/lib/useAnnouncement'
import { useWatchable } from '@/lib/useWatchable'
import type { ControlEntry } from '@/ui/controls'
import type { Panel, Panels } from '@/ui/panels'
import { Composer } from './Composer'
import { ExportButton } from './ExportButton'
import { MessageList } from './MessageList'
import { MessageMenu } from './MessageMenu'
import { PinnedMessage } from './PinnedMessage'

const ID = 'chat'
const MOST_IN_BADGE = 99

export interface ChatRights {
  canWrite: boolean
  /** Hosts remove and pin messages, and save them all. */
  isHost: boolean
}

/** The chat, as a panel. `canWrite`: whether this person may write. */
export function useChatPanel(chat: Chat, { canWrite, isHost }: ChatRights): Panel {
  const { t } = useTranslation()
  const field = useRef<HTMLTextAreaElement>(null)
  return {
    id: ID,
    label: t('chat.title'),
    title: t('chat.title'),
    // On a touch screen the field would bring up the keyboard, over what there is to read.
    focusFirst: () => (window.matchMedia('(pointer: coarse)').matches ? null : field.current),
    action: isHost ? <ExportButton chat={chat} /> : null,
    content: <ChatContent chat={chat} canWrite={canWrite} isHost={isHost} fieldRef={field} />,
  }
}

/** The button that opens the chat and counts what is unread. */
export function useChatControl(chat: Chat, panels: Panels): ControlEntry {
  const { t, i18n } = useTranslation()
  const { unread } = useWatchable(chat)
  const count = new Intl.NumberFormat(i18n.language).format(Math.min(unread, MOST_IN_BADGE))
  const text = unread > MOST_IN_BADGE ? `${count}+` : count
  return {
    id: ID,
    label: t('chat.title'),
    icon: MessageSquare,
    order: 60,
    from: 360,
    rank: 20,
    isSide: true,
    badge: unread > 0 ? { text, look: 'accent', meaning: t('chat.unread', { count: unread }) } : undefined,
    isPressed: panels.open === ID,
    keys: { label: t('keys.chat'), letter: 'C', chord: 'C', withAlt: true },
    onPress: () => panels.toggle(ID),
  }
}

interface ChatContentProps extends ChatRights {
  chat: Chat
  fieldRef: RefObject<HTMLTextAreaElement | null>
}

/** The chat counts as open while this is shown. */
function ChatContent({ chat, canWrite, isHost, fieldRef }: ChatContentProps) {
  const { t } = useTranslation()
  const { messages, isCut } = useWatchable(chat)
  useAnnouncement(canWrite ? '' : t('chat.hostsOnly'))
  useEffect(() => {
    chat.open()
    return () => chat.close()
  }, [chat])
  return (
    <>
      <PinnedMessage chat={chat} isHost={isHost} />
      <MessageList
        messages={messages}
        isCut={isCut}
        isMine={(message) => chat.isMine(message)}
        menu={isHost ? (message) => <MessageMenu chat={chat} message={message} /> : null}
      />
      {canWrite ? (
        <Composer chat={chat} fieldRef={fieldRef} />
      ) : (
        <p className="border-line border-t px-5 py-4 text-muted text-sm">{t('chat.hostsOnly')}</p>
      )}
    </>
  )
}
