import { DoorClosed } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { Lobby } from '@/call/lobby'
import { useAnnouncement } from '@/lib/useAnnouncement'
import { useWatchable } from '@/lib/useWatchable'
import { Button } from '@/ui/Button'
import { useFocusAfterAnswer } from './useFocusAfterAnswer'

export interface LobbyBarProps {
  list: Lobby
  /** Whether the list of people is open, which shows the same; then the bar only speaks. */
  isListOpen: boolean
  onShow: () => void
  /** The bar is about to go and had the focus. */
  onDone: () => void
}

/** Tells the owner who waits, and lets them answer without opening anything. */
export function LobbyBar({ list, isListOpen, onShow, onDone }: LobbyBarProps) {
  const { t } = useTranslation()
  const { people, hasFailed } = useWatchable(list)
  const noteAnswer = useFocusAfterAnswer(people, onDone)
  const [first] = people
  const sentence =
    people.length === 1 && first !== undefined
      ? t('waiting.asks', { name: first.name })
      : people.length > 0
        ? t('waiting.people', { count: people.length })
        : ''
  const answer = (act: Promise<void>) => {
    noteAnswer()
    void act
  }
  useAnnouncement(sentence)
  return (
    <>
      {first !== undefined && !isListOpen && (
        <section
          aria-label={t('waiting.title')}
          className="appear flex w-full max-w-lg flex-wrap items-center justify-end gap-x-4 gap-y-2 rounded-2xl border border-line bg-surface py-2.5 ps-4 pe-2.5 shadow-2"
        >
          <span className="flex min-w-0 flex-[1_1_12rem] items-center gap-3">
            <DoorClosed className="size-5 shrink-0 text-accent-ink" aria-hidden="true" />
            <span className="min-w-0">
              <span className="line-clamp-2 font-medium text-sm [overflow-wrap:anywhere]">{sentence}</span>
              {hasFailed && (
                <span role="alert" className="block text-danger-ink text-xs">
                  {t('waiting.failed')}
                </span>
              )}
            </span>
          </span>
          <span className="flex gap-2">
            {people.length === 1 ? (
              <>
                <Button
                  look="quiet"
                  className="px-4"
                  aria-label={t('waiting.denyName', { name: first.name })}
                  onClick={() => answer(list.deny(first.participant_id))}
                >
                  {t('waiting.deny')}
                </Button>
                <Button
                  look="primary"
                  aria-label={t('waiting.admitName', { name: first.name })}
                  onClick={() => answer(list.admit(first.participant_id))}
                >
                  {t('waiting.admit')}
                </Button>
              </>
            ) : (
              <>
                <Button look="quiet" className="px-4" onClick={onShow}>
                  {t('waiting.show')}
                </Button>
                <Button look="primary" onClick={() => answer(list.admitAll())}>
                  {t('waiting.admitAll')}
                </Button>
              </>
            )}
          </span>
        </section>
      )}
    </>
  )
}
