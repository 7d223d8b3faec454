import type { Participant } from 'livekit-client'
import { MicOff } from 'lucide-react'
import { useCallback } from 'react'
import { useTranslation } from 'react-i18next'
import { type ParticipantView, watchParticipant } from '@/call/participants'
import { useWatchable } from '@/lib/useWatchable'
import { Avatar } from '@/ui/Avatar'
import { SignalBars } from '@/ui/SignalBars'
import { VideoFrame } from '@/ui/VideoFrame'

/** One participant in the grid. */
export function Tile({ participant }: { participant: Participant }) {
  return <TileView view={useWatchable(watchParticipant(participant))} />
}

export function TileView({ view }: { view: ParticipantView }) {
  const { t } = useTranslation()
  const { name, isLocal, isSpeaking, isMuted, video, connection } = view
  const shownName = isLocal ? t('meeting.you', { name }) : name
  const details = [
    isMuted && t('stage.muted'),
    isSpeaking && t('stage.speaking'),
    video === null && t('stage.cameraOff'),
    connection === 'weak' && t('stage.weakConnection'),
    connection === 'lost' && t('stage.lostConnection'),
  ].filter((text) => text !== false)
  return (
    <article
      aria-label={details.length > 0 ? t('stage.tile', { name: shownName, details: details.join(', ') }) : shownName}
      data-testid="tile"
      data-participant-name={name}
      data-speaking={isSpeaking}
      data-muted={isMuted}
      className="@container relative isolate size-full overflow-hidden rounded-2xl bg-tile text-tile-ink"
    >
      {video === null ? (
        <span className="absolute inset-0 flex items-center justify-center">
          <Avatar name={name} className="size-[clamp(2.75rem,28cqmin,9rem)] text-[clamp(1rem,10cqmin,3.25rem)]" />
        </span>
      ) : (
        <Picture video={video} isMirrored={view.isMirrored} />
      )}
      <span className="absolute start-2 bottom-2 flex max-w-[calc(100%-1rem)] items-center gap-1.5 rounded-lg bg-black/60 px-2 py-1 font-medium text-white text-xs @sm:text-sm">
        {isMuted && <MicOff className="size-3.5 shrink-0 text-[#ff9d94] @sm:size-4" aria-hidden="true" />}
        <span className="truncate" dir="auto">
          {shownName}
        </span>
      </span>
      {connection !== 'good' && (
        <span className="absolute end-2 top-2 rounded-lg bg-black/60 p-1.5 text-[#ffd27a]">
          <SignalBars full={connection === 'weak' ? 1 : 0} />
        </span>
      )}
      <span
        aria-hidden="true"
        className={`pointer-events-none absolute inset-0 rounded-2xl border-3 transition-opacity duration-200 ${isSpeaking ? 'border-speaking opacity-100' : 'border-transparent opacity-0'}`}
      />
    </article>
  )
}

function Picture({ video, isMirrored }: { video: NonNullable<ParticipantView['video']>; isMirrored: boolean }) {
  const attach = useCallback(
    (element: HTMLVideoElement) => {
      video.attach(element)
      return () => {
        video.detach(element)
      }
    },
    [video],
  )
  return <VideoFrame attach={attach} isMirrored={isMirrored} />
}
