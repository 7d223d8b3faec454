import { MicOff } from 'lucide-react'
import { memo } from 'react'
import { useTranslation } from 'react-i18next'
import type { Participant, ParticipantView, Picture } from '@/call/participants'
import { preferences } from '@/lib/preferences'
import { usePicture } from '@/lib/usePicture'
import { useWatchable } from '@/lib/useWatchable'
import { Avatar } from '@/ui/Avatar'
import { HandBadge } from '@/ui/HandBadge'
import { HostMark } from '@/ui/HostMark'
import { SignalBars } from '@/ui/SignalBars'
import { VideoFrame } from '@/ui/VideoFrame'

/**
 * A participant's camera picture, or their initials. `hand`: the place of their raised hand, or
 * null.
 */
export const CameraTile = memo(function CameraTile({
  participant,
  hand,
}: {
  participant: Participant
  hand: number | null
}) {
  return <CameraTileView view={useWatchable(participant.view)} hand={hand} />
})

export function CameraTileView({ view, hand = null }: { view: ParticipantView; hand?: number | null }) {
  const { t, i18n } = useTranslation()
  const { name, isLocal, isHost, isLookalike, isAway, isSpeaking, isMuted, camera, connection } = view
  const { mirrorsVideo } = useWatchable(preferences)
  const shownName = isLocal ? t('meeting.you', { name: view.shownName }) : view.shownName
  const details = [
    isHost && t('meeting.host'),
    isLookalike && t('meeting.lookalike'),
    hand !== null && t('hands.place', { place: hand }),
    isMuted && t('stage.muted'),
    isSpeaking && t('stage.speaking'),
    camera === null && t(isAway ? 'stage.away' : 'stage.cameraOff'),
    connection === 'weak' && t('stage.weakConnection'),
    connection === 'lost' && t('stage.lostConnection'),
  ].filter((text) => text !== false)
  return (
    <article
      aria-label={details.length > 0 ? t('stage.tile', { name: shownName, details: details.join(', ') }) : shownName}
      data-testid="tile"
      data-participant={view.id}
      data-kind="camera"
      data-participant-name={name}
      data-speaking={isSpeaking}
      data-muted={isMuted}
      data-lookalike={isLookalike || undefined}
      className="tile @container relative isolate size-full overflow-hidden rounded-2xl bg-tile text-tile-ink"
    >
      {camera === null ? (
        <span className="initials absolute inset-0 flex flex-col items-center justify-center gap-2">
          <Avatar name={name} className="size-[clamp(2.75rem,28cqmin,9rem)] text-[clamp(1rem,10cqmin,3.25rem)]" />
          {isAway && <span className="font-medium text-xs @sm:text-sm">{t('stage.away')}</span>}
        </span>
      ) : (
        <LivePicture picture={camera} isMirrored={view.isMirrored && mirrorsVideo} />
      )}
      <span className="absolute start-2 bottom-2 flex max-w-[calc(100%-1rem)] items-center gap-1.5">
        {isLookalike && (
          <span className="shrink-0 rounded-lg bg-warn-soft px-2 py-1 font-semibold text-warn-ink text-xs @sm:text-sm">
            {t('meeting.notHost')}
          </span>
        )}
        {hand !== null && <HandBadge place={new Intl.NumberFormat(i18n.language).format(hand)} />}
        <span className="flex min-w-0 items-center gap-1.5 rounded-lg bg-black/60 px-2 py-1 font-medium text-white text-xs @sm:text-sm">
          {isHost && <HostMark label={t('meeting.host')} />}
          {isMuted && <MicOff className="size-3.5 shrink-0 text-[#ff9d94] @sm:size-4" aria-hidden="true" />}
          <span className="truncate" dir="auto" title={shownName}>
            {shownName}
          </span>
        </span>
      </span>
      {connection !== 'good' && (
        <span className="absolute end-2 top-2 flex items-center gap-1.5 rounded-lg bg-black/60 p-1.5 font-medium text-[#ffd27a] text-xs">
          <SignalBars full={connection === 'weak' ? 1 : 0} />
          <span className="@max-[11rem]:sr-only">
            {t(
              connection === 'lost'
                ? 'stage.lostConnection'
                : view.isLocal
                  ? 'connection.weak'
                  : 'stage.weakConnection',
            )}
          </span>
        </span>
      )}
      <span
        aria-hidden="true"
        className={`pointer-events-none absolute inset-0 rounded-2xl border-3 transition-opacity duration-200 ${isSpeaking ? 'border-speaking opacity-100' : 'border-transparent opacity-0'}`}
      />
    </article>
  )
}

function LivePicture({ picture, isMirrored }: { picture: Picture; isMirrored: boolean }) {
  return <VideoFrame attach={usePicture(picture)} isMirrored={isMirrored} />
}
