import { TriangleAlert, X } from 'lucide-react'
import type { ReactNode } from 'react'
import { useAnnouncement } from '@/lib/useAnnouncement'

export interface NoticeProps {
  look?: 'warn' | 'danger'
  /** Interrupts what a screen reader reads. */
  isUrgent?: boolean
  title: string
  text?: string
  /** Present when the notice can be put away. */
  dismiss?: { label: string; onClick: () => void }
  children?: ReactNode
}

const LOOKS = { warn: 'bg-warn-soft text-warn-ink', danger: 'bg-danger-soft text-danger-ink' }

/** Something a person should know, and what to do about it. It is read out. */
export function Notice({ look = 'warn', isUrgent = false, title, text, dismiss, children }: NoticeProps) {
  useAnnouncement([title, text].filter(Boolean).join('. '), isUrgent)
  return (
    <div
      role="note"
      className={`appear flex items-start gap-3 rounded-2xl px-4 py-3 text-start text-sm ${LOOKS[look]}`}
    >
      <TriangleAlert className="mt-0.5 size-5 shrink-0" aria-hidden="true" />
      <div className="min-w-0 flex-1 leading-relaxed">
        <p className="font-semibold">{title}</p>
        {text && <p className="mt-0.5">{text}</p>}
        {children && <div className="mt-2">{children}</div>}
      </div>
      {dismiss && (
        <button
          type="button"
          aria-label={dismiss.label}
          onClick={dismiss.onClick}
          className="-me-2.5 -mt-2 flex size-11 shrink-0 items-center justify-center rounded-xl hover:bg-current/10"
        >
          <X className="size-5" aria-hidden="true" />
        </button>
      )}
    </div>
  )
}
