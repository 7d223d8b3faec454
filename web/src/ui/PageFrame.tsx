import type { ReactNode } from 'react'

/** The quiet frame of every page outside the meeting: a line on top, the content in the middle. */
export function PageFrame({ start, end, children }: { start: ReactNode; end?: ReactNode; children: ReactNode }) {
  return (
    <div className="flex min-h-dvh flex-col">
      <header className="flex min-h-16 items-center [@media(max-height:480px)]:min-h-12 [@media(max-height:480px)]:py-0 justify-between gap-4 px-4 py-2 sm:px-6">
        {start}
        {end}
      </header>
      <main className="flex flex-1 flex-col items-center justify-center px-4 pb-10 sm:px-6 sm:pb-20 [@media(max-height:480px)]:pb-3">
        {children}
      </main>
    </div>
  )
}
