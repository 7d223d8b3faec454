import { useTranslation } from 'react-i18next'
import { LogoMark } from '@/ui/Logo'
import { PageFrame } from '@/ui/PageFrame'

/** The shape of what comes, while the meeting is looked up. */
export function MeetingSkeleton() {
  const { t } = useTranslation()
  return (
    <PageFrame start={<LogoMark className="size-8 opacity-40" />}>
      <div
        role="status"
        aria-label={t('loading')}
        className="appear-late grid w-full max-w-6xl grid-cols-1 gap-x-12 gap-y-5 lg:grid-cols-[minmax(0,1.5fr)_minmax(0,1fr)]"
      >
        <div className="breathe aspect-video w-full rounded-3xl bg-tile" />
        <div className="breathe flex flex-col justify-center gap-4">
          <div className="h-9 w-3/4 rounded-xl bg-tile" />
          <div className="h-5 w-1/2 rounded-lg bg-tile" />
          <div className="mt-4 h-12 w-full rounded-xl bg-tile" />
          <div className="h-13 w-full rounded-xl bg-tile" />
        </div>
      </div>
    </PageFrame>
  )
}
