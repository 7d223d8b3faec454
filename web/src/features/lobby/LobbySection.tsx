import { Check, X } from 'lucide-react'
import { useId, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Lobby } from '@/call/lobby'
import { useWatchable } from '@/lib/useWatchable'
import { Avatar } from '@/ui/Avatar'
import { Button } from '@/ui/Button'
import { useFocusAfterAnswer } from './useFocusAfterAnswer'

/**
 * The people who wait, by name, above those who are inside. Nothing is visible while nobody waits;
 * once somebody has, the heading stays for the focus.
 */
export function LobbySection({ list }: { list: Lobby }) {
  const { t } = useTranslation()
  const { people, hasFailed } = useWatchable(list)
  const [wasUsed, setWasUsed] = useState(false)
  const heading = useRef<HTMLHeadingElement>(null)
  const headingId = useId()
  const noteAnswer = useFocusAfterAnswer(people, () => heading.current?.focus())
  const answer = (act: Promise<void>) => {
    noteAnswer()
    void act
  }
  if (people.length > 0 && !wasUsed) {
    setWasUsed(true)
  }
  if (!wasUsed) {
    return null
  }
  return (
    <section aria-labelledby={headingId} className={people.length === 0 ? 'sr-only' : 'flex max-h-1/2 flex-col pb-2'}>
      <div className="flex min-h-11 items-center justify-between gap-2 ps-5 pe-4">
        <h3 id={headingId} ref={heading} tabIndex={-1} className="font-semibold text-sm text-warn-ink outline-none">
          {t('waiting.people', { count: people.length })}
        </h3>
        {people.length > 1 && (
          <Button look="quiet" className="-me-2 px-3 text-accent-ink" onClick={() => answer(list.admitAll())}>
            {t('waiting.admitAll')}
          </Button>
        )}
      </div>
      {hasFailed && (
        <p role="alert" className="px-5 pb-1 text-danger-ink text-sm">
          {t('waiting.failed')}
        </p>
      )}
      {people.length > 0 && (
        <ul aria-label={t('waiting.title')} className="min-h-0 overflow-y-auto border-line border-b px-2 pb-2">
          {people.map(({ participant_id: id, name }) => (
            <li key={id} className="flex min-h-14 items-center gap-3 rounded-xl px-3">
              <Avatar name={name} className="size-9 text-xs" />
              <span className="line-clamp-2 min-w-0 flex-1 font-medium text-sm [overflow-wrap:anywhere]">
                <bdi>{name}</bdi>
              </span>
              <span className="flex shrink-0 gap-1.5">
                <button
                  type="button"
                  aria-label={t('waiting.denyName', { name })}
                  onClick={() => answer(list.deny(id))}
                  className="flex size-11 items-center justify-center rounded-xl text-danger-ink hover:bg-danger-soft"
                >
                  <X className="size-5" aria-hidden="true" />
                </button>
                <button
                  type="button"
                  aria-label={t('waiting.admitName', { name })}
                  onClick={() => answer(list.admit(id))}
                  className="flex size-11 items-center justify-center rounded-xl bg-accent-soft text-accent-ink hover:brightness-95 dark:hover:brightness-125"
                >
                  <Check className="size-5" aria-hidden="true" />
                </button>
              </span>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}
