import { Eye, EyeOff, ScreenShare } from 'lucide-react'
import { useCallback, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Share } from '@/call/share'
import { useWatchable } from '@/lib/useWatchable'
import { Button } from '@/ui/Button'
import { VideoFrame } from '@/ui/VideoFrame'

const WORDS = {
  tab: 'share.ownTab',
  window: 'share.ownWindow',
  monitor: 'share.ownMonitor',
  unknown: 'share.ownScreen',
} as const

/**
 * Stands in place of the screen for the person who shares it: a picture of it would show itself
 * within itself without end. A small preview comes on demand.
 */
export function ShareCard({ share, participantId }: { share: Share; participantId: string }) {
  const { t } = useTranslation()
  const { surface } = useWatchable(share)
  const [isPreviewOpen, setPreviewOpen] = useState(false)
  const title = t(WORDS[surface])
  return (
    <article
      aria-label={title}
      data-testid="tile"
      data-participant={participantId}
      data-kind="screen"
      className="@container relative isolate size-full overflow-hidden rounded-2xl bg-tile text-tile-ink"
    >
      <div className="absolute inset-0 flex flex-col items-center justify-center gap-2 overflow-y-auto p-2 text-center">
        {isPreviewOpen ? (
          <SharePreview share={share} />
        ) : (
          <ScreenShare className="@max-[16rem]:hidden size-8 shrink-0" strokeWidth={1.5} aria-hidden="true" />
        )}
        <p className="@max-[14rem]:text-xs text-balance font-semibold">{title}</p>
        <Button look="danger" className="shrink-0 @max-[14rem]:px-3 @max-[14rem]:text-sm" onClick={() => share.stop()}>
          {t('share.stop')}
        </Button>
        <button
          type="button"
          aria-pressed={isPreviewOpen}
          onClick={() => setPreviewOpen((isOpen) => !isOpen)}
          className="@max-[18rem]:hidden flex min-h-11 shrink-0 items-center gap-2 rounded-xl px-3 text-sm hover:bg-hover"
        >
          {isPreviewOpen ? (
            <EyeOff className="size-4" aria-hidden="true" />
          ) : (
            <Eye className="size-4" aria-hidden="true" />
          )}
          {t(isPreviewOpen ? 'share.hidePreview' : 'share.preview')}
        </button>
      </div>
    </article>
  )
}

function SharePreview({ share }: { share: Share }) {
  const attach = useCallback(
    (element: HTMLVideoElement) => {
      const track = share.preview()
      element.srcObject = track === null ? null : new MediaStream([track])
      return () => {
        element.srcObject = null
      }
    },
    [share],
  )
  return (
    <div className="relative aspect-video w-40 shrink-0 overflow-hidden rounded-xl bg-black">
      <VideoFrame attach={attach} isMirrored={false} isWhole />
    </div>
  )
}
