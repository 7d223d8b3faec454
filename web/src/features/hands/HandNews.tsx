import { useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import type { Hands } from '@/call/hands'
import type { Participants } from '@/call/participants'
import { announcer } from '@/lib/announcer'
import { playSound } from '@/lib/sounds'
import { useWatchable } from '@/lib/useWatchable'
import { toasts } from '@/ui/toasts'

interface HandNewsProps {
  hands: Hands
  participants: Participants
  /** Hosts see and hear the first hand; the others' pages only read it out. */
  isHost: boolean
  me: string
}

/** Tells that somebody has raised a hand. Those that were raised before one came are no news. */
export function HandNews({ hands, participants, isHost, me }: HandNewsProps) {
  const { t } = useTranslation()
  const { raised } = useWatchable(hands)
  const known = useRef<readonly string[]>(raised)

  useEffect(() => {
    const before = known.current
    known.current = raised
    const newest = raised.findLast((id) => !before.includes(id) && id !== me)
    if (newest === undefined) {
      return
    }
    const person = participants.getSnapshot().all.find(({ id }) => id === newest)
    const name = person?.view.getSnapshot().shownName ?? ''
    const isFirst = isHost && !before.some((id) => id !== me)
    const text = t('hands.news', { name, count: raised.length })
    if (isFirst) {
      toasts.show({ id: 'hand', text })
      playSound('hand')
    } else {
      announcer.say(text)
    }
  }, [raised, participants, isHost, me, t])

  return null
}
