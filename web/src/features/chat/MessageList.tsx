import { ArrowDown, MessagesSquare } from 'lucide-react'
import { type ReactNode, useLayoutEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { ChatMessage } from '@/api/page'
import { MessageText } from './MessageText'
import { gatherTurns, type Turn } from './model'

export interface MessageListProps {
  messages: readonly ChatMessage[]
  /** Whether earlier ones are not shown. */
  isCut: boolean
  isMine: (message: ChatMessage) => boolean
  /** The actions on a message; null for those who have none. */
  menu: ((message: ChatMessage) => ReactNode) | null
}

/** How near to the end counts as being there. */
const NEAR_PX = 48

/**
 * Everything written, the newest at the end. Stays at the end while one is there; who reads further
 * up is not moved.
 */
export function MessageList({ messages, isCut, isMine, menu }: MessageListProps) {
  const { t } = useTranslation()
  const list = useRef<HTMLDivElement>(null)
  const [isAtEnd, setAtEnd] = useState(true)
  const newest = messages.at(-1)
  const seen = useRef<ChatMessage | undefined>(undefined)
  const [isBehind, setBehind] = useState(false)

  useLayoutEffect(() => {
    if (newest === seen.current) {
      return
    }
    seen.current = newest
    if (isAtEnd || (newest !== undefined && isMine(newest))) {
      scrollToEnd(list.current)
    } else {
      setBehind(true)
    }
  }, [newest, isAtEnd, isMine])

  // The field below grows with what is written there, and a phone's keyboard takes half of
  // everything.
  const staysAtEnd = useRef(isAtEnd)
  useLayoutEffect(() => {
    staysAtEnd.current = isAtEnd
  }, [isAtEnd])
  useLayoutEffect(() => {
    const element = list.current
    if (element === null) {
      return
    }
    const observer = new ResizeObserver(() => {
      if (staysAtEnd.current) {
        scrollToEnd(element)
      }
    })
    observer.observe(element)
    return () => observer.disconnect()
  }, [])

  const noteScroll = () => {
    const { scrollTop, clientHeight, scrollHeight } = list.current ?? { scrollTop: 0, clientHeight: 0, scrollHeight: 0 }
    const isNear = scrollHeight - clientHeight - scrollTop < NEAR_PX
    setAtEnd(isNear)
    if (isNear) {
      setBehind(false)
    }
  }

  return (
    <div className="relative flex min-h-0 flex-1 flex-col">
      <div
        ref={list}
        role="log"
        // Read out with everything else, one sentence after the other.
        aria-live="off"
        aria-label={t('chat.messages')}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to be reachable by keyboard.
        tabIndex={0}
        onScroll={noteScroll}
        className="flex min-h-0 flex-1 flex-col overflow-y-auto px-4 pb-3 -outline-offset-2"
      >
        {messages.length === 0 ? (
          <div className="m-auto flex max-w-56 flex-col items-center gap-2 py-8 text-center">
            <MessagesSquare className="size-8 text-muted" strokeWidth={1.5} aria-hidden="true" />
            <p className="font-medium">{t('chat.empty')}</p>
            <p className="text-muted text-sm">{t('chat.emptyText')}</p>
          </div>
        ) : (
          <div className="mt-auto flex flex-col gap-4 pt-2">
            {isCut && <p className="text-center text-muted text-xs">{t('chat.cut')}</p>}
            {gatherTurns(messages, isMine).map((turn) => (
              <TurnView key={turn.id} turn={turn} menu={menu} />
            ))}
          </div>
        )}
      </div>
      {isBehind && (
        <button
          type="button"
          onClick={() => scrollToEnd(list.current)}
          className="appear absolute inset-x-0 bottom-2 mx-auto flex min-h-11 w-fit items-center gap-2 rounded-full bg-accent px-4 font-medium text-on-accent text-sm shadow-2 hover:bg-accent-hover"
        >
          <ArrowDown className="size-4" aria-hidden="true" />
          {t('chat.newMessages')}
        </button>
      )}
    </div>
  )
}

function TurnView({ turn, menu }: { turn: Turn } & Pick<MessageListProps, 'menu'>) {
  const { t, i18n } = useTranslation()
  const { name, isHost, isMine, at, messages } = turn
  const time = new Intl.DateTimeFormat(i18n.language, { hour: 'numeric', minute: '2-digit' }).format(at)
  return (
    <div className={`flex flex-col gap-1 ${isMine ? 'items-end' : 'items-start'}`}>
      <p className="flex max-w-full items-baseline gap-2 px-1 text-xs">
        {isMine ? (
          <span className="font-semibold">{t('chat.you')}</span>
        ) : (
          <span dir="auto" className="truncate font-semibold">
            {name}
          </span>
        )}
        {isHost && !isMine && <span className="shrink-0 text-accent-ink">{t('meeting.host')}</span>}
        <time dateTime={new Date(at).toISOString()} className="shrink-0 text-muted tabular-nums">
          {time}
        </time>
      </p>
      {messages.map((message) =>
        message.is_removed ? (
          <p key={message.number} className="px-1 text-muted text-sm italic">
            {t(message.removed_by === null ? 'chat.removed' : 'chat.removedByHost')}
          </p>
        ) : (
          <div
            key={message.number}
            className={`group/message flex w-full items-center ${isMine ? 'flex-row-reverse' : ''}`}
          >
            <p
              dir="auto"
              className={`max-w-[88%] whitespace-pre-wrap rounded-2xl px-3.5 py-2 text-sm leading-relaxed [overflow-wrap:anywhere] ${isMine ? 'bg-accent-soft' : 'bg-sunken'}`}
            >
              <MessageText text={message.message} />
            </p>
            {menu?.(message)}
          </div>
        ),
      )}
    </div>
  )
}

function scrollToEnd(list: HTMLDivElement | null): void {
  if (list !== null) {
    list.scrollTop = list.scrollHeight
  }
}
