import type { LucideIcon } from 'lucide-react'
import { type ReactNode, useEffect, useRef } from 'react'

export interface MessageProps {
  icon: LucideIcon
  look?: 'plain' | 'danger' | 'good'
  title: string
  text: string
  children?: ReactNode
}

const LOOKS = {
  plain: 'bg-sunken text-muted',
  danger: 'bg-danger-soft text-danger-ink',
  good: 'bg-accent-soft text-accent-ink',
}

/**
 * Says one thing in the middle of a page, with ways on. The heading takes the focus, so that it is
 * read out.
 */
export function Message({ icon: Icon, look = 'plain', title, text, children }: MessageProps) {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    heading.current?.focus({ preventScroll: true })
  }, [])
  return (
    <div className="appear flex w-full max-w-lg flex-col items-center text-center">
      <span className={`mb-6 flex size-16 items-center justify-center rounded-3xl ${LOOKS[look]}`}>
        <Icon className="size-7" strokeWidth={1.75} aria-hidden="true" />
      </span>
      <h1
        ref={heading}
        tabIndex={-1}
        className="text-balance font-semibold text-2xl tracking-tight outline-none sm:text-3xl"
      >
        {title}
      </h1>
      <p className="mt-3 text-balance text-muted leading-relaxed sm:text-lg">{text}</p>
      {children && (
        <div className="mt-8 grid w-full max-w-80 gap-3 sm:flex sm:max-w-none sm:flex-wrap sm:items-center sm:justify-center">
          {children}
        </div>
      )}
    </div>
  )
}
