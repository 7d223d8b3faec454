import { SendHorizontal } from 'lucide-react'
import { type KeyboardEvent, type RefObject, useId } from 'react'
import { useTranslation } from 'react-i18next'
import { type Chat, LONGEST_MESSAGE } from '@/call/chat'
import { useAnnouncement } from '@/lib/useAnnouncement'
import { useWatchable } from '@/lib/useWatchable'
import { Spinner } from '@/ui/Spinner'

/** From here on the room that is left is shown. */
const NEARLY_FULL = LONGEST_MESSAGE - 200
const TOLD_AT: ReadonlySet<number> = new Set([200, 100, 50, 20, 10, 0])

/**
 * Where one writes: Enter sends, Shift and Enter begin a new line. What could not be sent stays in
 * the field, also while the panel is closed.
 */
export function Composer({ chat, fieldRef }: { chat: Chat; fieldRef: RefObject<HTMLTextAreaElement | null> }) {
  const { t } = useTranslation()
  const { isSending, failure, draft: text } = useWatchable(chat)
  const id = useId()
  const canSend = text.trim() !== '' && !isSending
  const left = LONGEST_MESSAGE - text.length

  const problem = failure === null ? '' : t(failure === 'too_fast' ? 'chat.tooFast' : 'chat.failed')
  useAnnouncement(problem)
  // Not at every letter.
  useAnnouncement(TOLD_AT.has(left) ? t('chat.charactersLeft', { count: left }) : '')

  const send = async () => {
    if (canSend) {
      await chat.say(text)
    }
    fieldRef.current?.focus()
  }
  const onKeyDown = (event: KeyboardEvent) => {
    // While letters are being composed, as in Chinese, Enter chooses them.
    if (event.key === 'Enter' && !event.shiftKey && !event.nativeEvent.isComposing) {
      event.preventDefault()
      void send()
    }
  }

  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        void send()
      }}
      className="border-line border-t p-3"
    >
      {failure !== null && (
        <p id={`${id}-failure`} className="px-1 pb-2 text-danger-ink text-sm">
          {problem}
        </p>
      )}
      <div className="flex items-end gap-1 rounded-2xl border border-line-strong bg-surface ps-3.5 pe-1 has-[textarea:focus-visible]:border-accent-line has-[textarea:focus-visible]:outline-2 has-[textarea:focus-visible]:outline-accent-line">
        <label htmlFor={id} className="sr-only">
          {t('chat.field')}
        </label>
        <textarea
          id={id}
          ref={fieldRef}
          dir="auto"
          rows={1}
          value={text}
          maxLength={LONGEST_MESSAGE}
          readOnly={isSending}
          placeholder={t('chat.placeholder')}
          aria-describedby={failure === null ? undefined : `${id}-failure`}
          aria-invalid={failure !== null || undefined}
          enterKeyHint="send"
          onChange={(event) => chat.write(event.target.value)}
          onKeyDown={onKeyDown}
          className="field-sizing-content max-h-32 min-h-12 min-w-0 flex-1 resize-none bg-transparent py-3 text-base leading-6 outline-none placeholder:text-muted md:text-sm"
        />
        <button
          type="submit"
          aria-label={t('chat.send')}
          aria-disabled={!canSend}
          aria-busy={isSending || undefined}
          className={`mb-0.5 flex size-11 shrink-0 items-center justify-center rounded-xl ${canSend ? 'text-accent-ink hover:bg-accent-soft' : 'text-muted'}`}
        >
          {isSending ? (
            <Spinner className="size-5" />
          ) : (
            <SendHorizontal className="size-5 rtl:-scale-x-100" aria-hidden="true" />
          )}
        </button>
      </div>
      {text.length > NEARLY_FULL && (
        <p className="px-1 pt-1.5 text-end text-muted text-xs tabular-nums">
          {t('chat.charactersLeft', { count: left })}
        </p>
      )}
    </form>
  )
}
