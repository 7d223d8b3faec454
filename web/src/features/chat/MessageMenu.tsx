import { EllipsisVertical, Pin, PinOff, Trash2 } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { ChatMessage } from '@/api/page'
import type { Chat } from '@/call/chat'
import { useWatchable } from '@/lib/useWatchable'
import { Menu, MenuItem } from '@/ui/Menu'

/** The actions of a host on one message. */
export function MessageMenu({ chat, message }: { chat: Chat; message: ChatMessage }) {
  const { t } = useTranslation()
  const { number, name } = message
  const isPinned = useWatchable(chat).pinned?.number === number
  return (
    <Menu
      side="bottom"
      align="end"
      trigger={
        <button
          type="button"
          aria-label={t('chat.options', { name })}
          className="flex size-11 shrink-0 items-center justify-center rounded-xl text-muted opacity-0 hover:bg-hover hover:text-ink focus:opacity-100 aria-expanded:opacity-100 group-hover/message:opacity-100 [@media(hover:none)]:opacity-100"
        >
          <EllipsisVertical className="size-4.5" aria-hidden="true" />
        </button>
      }
    >
      <MenuItem icon={isPinned ? PinOff : Pin} onClick={() => chat.pin(isPinned ? null : number)}>
        {t(isPinned ? 'chat.unpin' : 'chat.pin')}
      </MenuItem>
      <MenuItem icon={Trash2} look="danger" onClick={() => chat.remove(number)}>
        {t('chat.remove')}
      </MenuItem>
    </Menu>
  )
}
