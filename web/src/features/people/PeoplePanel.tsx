import type { Participant } from 'livekit-client'
import { Crown, Mic, MicOff, Video, VideoOff } from 'lucide-react'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { type ParticipantView, watchParticipant } from '@/call/participants'
import { useWatchable } from '@/lib/useWatchable'
import { Avatar } from '@/ui/Avatar'
import { SidePanel } from '@/ui/SidePanel'
import { SignalBars } from '@/ui/SignalBars'

export interface PeoplePanelProps {
  participants: readonly Participant[]
  onClose: () => void
  /** What stands above the list. */
  children?: ReactNode
}

/** Everybody who is inside, by name. */
export function PeoplePanel({ participants, onClose, children }: PeoplePanelProps) {
  const { t, i18n } = useTranslation()
  const order = new Intl.Collator(i18n.language)
  const sorted = [...participants].sort(
    (one, other) => Number(other.isLocal) - Number(one.isLocal) || order.compare(one.name ?? '', other.name ?? ''),
  )
  return (
    <SidePanel
      label={t('stage.people')}
      closeLabel={t('stage.close')}
      title={t('stage.peopleCount', { count: participants.length })}
      onClose={onClose}
    >
      {children}
      <ul
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to be reachable by keyboard.
        tabIndex={0}
        aria-label={t('stage.people')}
        className="min-h-0 flex-1 overflow-y-auto px-2 pb-3 -outline-offset-2"
      >
        {sorted.map((participant) => (
          <Person key={participant.identity} participant={participant} />
        ))}
      </ul>
    </SidePanel>
  )
}

function Person({ participant }: { participant: Participant }) {
  return <PersonView view={useWatchable(watchParticipant(participant))} />
}

function PersonView({ view }: { view: ParticipantView }) {
  const { t } = useTranslation()
  const { name, isLocal, isHost, isMuted, isSpeaking, video, connection } = view
  return (
    <li className="flex min-h-14 items-center gap-3 rounded-xl px-3">
      <Avatar name={name} className="size-9 text-xs" />
      <span className="min-w-0 flex-1">
        {/* Beside the picture, whatever direction the name has: as wide as the name, in a line that has the page's. */}
        <span className="flex">
          <span className="truncate font-medium text-sm" dir="auto">
            {isLocal ? t('meeting.you', { name }) : name}
          </span>
        </span>
        {isHost && (
          <span className="flex items-center gap-1 text-accent-ink text-xs">
            <Crown className="size-3" aria-hidden="true" />
            {t('meeting.host')}
          </span>
        )}
      </span>
      {connection !== 'good' && (
        <span
          role="img"
          aria-label={t(connection === 'weak' ? 'stage.weakConnection' : 'stage.lostConnection')}
          className="text-warn-ink"
        >
          <SignalBars full={connection === 'weak' ? 1 : 0} />
        </span>
      )}
      {video === null ? (
        <VideoOff className="size-4.5 shrink-0 text-muted" role="img" aria-label={t('stage.cameraOff')} />
      ) : (
        <Video className="size-4.5 shrink-0 text-muted" aria-hidden="true" />
      )}
      {isMuted ? (
        <MicOff className="size-4.5 shrink-0 text-danger-ink" role="img" aria-label={t('stage.muted')} />
      ) : (
        <Mic className={`size-4.5 shrink-0 ${isSpeaking ? 'text-accent-ink' : 'text-muted'}`} aria-hidden="true" />
      )}
    </li>
  )
}
