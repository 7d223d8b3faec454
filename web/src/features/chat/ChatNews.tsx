import { useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import type { Chat } from '@/call/chat'
import { announcer } from '@/lib/announcer'
import { playSound } from '@/lib/sounds'
import { useWatchable } from '@/lib/useWatchable'
import { toasts } from '@/ui/toasts'

const WRITTEN = 'chat'
const PINNED = 'pinned'

/**
 * Shows the beginning of what somebody writes while the panel is closed, and reads out that they
 * wrote; with the panel open, it reads out what. A pinned message is shown to everybody, also to
 * who comes later. `isPresenting`: others see this screen, so nothing is shown on it.
 */
export function ChatNews({ chat, isPresenting }: { chat: Chat; isPresenting: boolean }) {
  const { t } = useTranslation()
  const { messages, unread, isOpen, news, pinned } = useWatchable(chat)
  const told = useRef(news)

  useEffect(() => {
    if (news === told.current) {
      return
    }
    told.current = news
    if (news === null) {
      return
    }
    const { name, message } = news
    const spoken = t('chat.news', { name, count: unread })
    if (!isPresenting) {
      // The others would hear it, too.
      playSound('message')
    }
    if (isOpen) {
      announcer.say(`${name}: ${message}`)
    } else if (isPresenting) {
      announcer.say(spoken)
    } else {
      toasts.show({ id: WRITTEN, text: name, detail: message, spoken })
    }
  }, [unread, isOpen, news, isPresenting, t])

  const toldPinned = useRef<typeof pinned>(null)
  useEffect(() => {
    const isNew = pinned !== null && pinned.number !== toldPinned.current?.number
    toldPinned.current = pinned
    if (pinned === null) {
      toasts.withdraw(PINNED)
    } else if (isNew && !isOpen && !isPresenting) {
      const { name, message } = pinned
      toasts.show({ id: PINNED, text: t('chat.pinned'), detail: `${name}: ${message}` })
    }
  }, [pinned, isOpen, isPresenting, t])

  const isRemoved = messages.some(({ number, is_removed: isGone }) => isGone && number === news?.number)
  useEffect(() => {
    if (isOpen || isPresenting || isRemoved) {
      toasts.withdraw(WRITTEN)
    }
    if (isOpen || isPresenting) {
      toasts.withdraw(PINNED)
    }
  }, [isOpen, isPresenting, isRemoved])
  return null
}
