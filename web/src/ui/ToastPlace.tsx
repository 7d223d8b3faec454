import { X } from 'lucide-react'
import { useEffect } from 'react'
import { useWatchable } from '@/lib/useWatchable'
import { type Toast, toasts } from './toasts'

/**
 * The place of the toasts. They stay while somebody points at one or has the focus there. What they
 * say is read out elsewhere.
 */
export function ToastPlace({ words }: { words: { label: string; dismiss: string } }) {
  const { shown } = useWatchable(toasts)
  useEffect(
    () => () => {
      for (const { id } of toasts.getSnapshot().shown) {
        toasts.withdraw(id)
      }
    },
    [],
  )
  if (shown.length === 0) {
    return null
  }
  return (
    <section
      aria-label={words.label}
      onPointerEnter={() => toasts.hold()}
      onPointerLeave={({ currentTarget }) => !currentTarget.contains(document.activeElement) && toasts.release()}
      onFocus={() => toasts.hold()}
      onBlur={({ currentTarget, relatedTarget }) => !currentTarget.contains(relatedTarget) && toasts.release()}
      className="toast-place z-40 flex w-fit max-w-[min(24rem,calc(100%-2rem))] flex-col items-start gap-2"
    >
      {shown.map((toast) => (
        <ToastView key={toast.id} toast={toast} dismissLabel={words.dismiss} />
      ))}
    </section>
  )
}

function ToastView({ toast, dismissLabel }: { toast: Toast; dismissLabel: string }) {
  const { id, text, detail, button } = toast
  const leave = () => {
    // The pressed button is gone; from here the next Tab leads to the controls.
    document.querySelector('h1')?.focus({ preventScroll: true })
  }
  return (
    <div
      data-testid="toast"
      className="appear flex max-w-full flex-wrap items-center gap-x-3 rounded-xl bg-ink ps-3.5 pe-1 text-canvas text-sm shadow-2"
    >
      <div className="min-w-0 flex-[1_1_11rem] py-2 pe-2.5">
        <p dir="auto" className="line-clamp-3 font-medium [overflow-wrap:anywhere]">
          {text}
        </p>
        {detail !== undefined && (
          <p dir="auto" className="line-clamp-2 whitespace-pre-line opacity-85 [overflow-wrap:anywhere]">
            {detail}
          </p>
        )}
      </div>
      {button !== undefined && (
        <span className="ms-auto flex items-center">
          <button
            type="button"
            className="min-h-11 rounded-lg px-3 font-semibold underline outline-current underline-offset-4"
            onClick={() => {
              toasts.withdraw(id)
              leave()
              button.onPress()
            }}
          >
            {button.label}
          </button>
          <button
            type="button"
            aria-label={dismissLabel}
            className="flex size-11 items-center justify-center rounded-lg outline-current"
            onClick={() => {
              toasts.dismiss(id)
              leave()
            }}
          >
            <X className="size-5" aria-hidden="true" />
          </button>
        </span>
      )}
    </div>
  )
}
