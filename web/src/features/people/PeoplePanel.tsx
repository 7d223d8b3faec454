import { Crown, Mic, MicOff, Users, Video, VideoOff } from 'lucide-react'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { Hands } from '@/call/hands'
import type { Lobby } from '@/call/lobby'
import type { Participant, Participants, ParticipantView } from '@/call/participants'
import { useWatchable } from '@/lib/useWatchable'
import { Avatar } from '@/ui/Avatar'
import type { ControlEntry } from '@/ui/controls'
import { HandBadge } from '@/ui/HandBadge'
import type { Panel, Panels } from '@/ui/panels'
import { SignalBars } from '@/ui/SignalBars'
import { PersonMenu } from './PersonMenu'

export const PEOPLE_PANEL = 'people'

export interface PeopleProps {
  participants: Participants
  hands: Hands
}

export interface PeopleParts {
  /** Stands before the list. */
  above?: ReactNode
  /** The entries of the menu of somebody. */
  menuOf: (participant: Participant) => ReactNode
}

/**
 * Everybody who is inside, as a panel: raised hands in their order, then oneself, the hosts, and
 * the others by name.
 */
export function usePeoplePanel(people: PeopleProps, { above, menuOf }: PeopleParts): Panel {
  const { t } = useTranslation()
  const { all } = useWatchable(people.participants)
  return {
    id: PEOPLE_PANEL,
    label: t('stage.people'),
    title: t('stage.peopleCount', { count: all.length }),
    content: (
      <>
        {above}
        <PeopleList all={all} hands={people.hands} menuOf={menuOf} />
      </>
    ),
  }
}

/** The button that opens the list, with the number of people, or of those who wait to be let in. */
export function usePeopleControl(participants: Participants, lobby: Lobby, hands: Hands, panels: Panels): ControlEntry {
  const { t, i18n } = useTranslation()
  const raised = useWatchable(hands).raised.length
  const count = useWatchable(participants).all.length
  const waiting = useWatchable(lobby).people.length
  const format = (number: number) => new Intl.NumberFormat(i18n.language).format(number)
  return {
    id: PEOPLE_PANEL,
    label: t('stage.people'),
    icon: Users,
    order: 70,
    from: 500,
    rank: 40,
    isSide: true,
    badge:
      waiting > 0
        ? { text: format(waiting), look: 'warn', meaning: t('waiting.people', { count: waiting }) }
        : raised > 0
          ? { text: `✋ ${format(raised)}`, look: 'accent', meaning: t('hands.waiting', { count: raised }) }
          : { text: format(count), look: 'plain', meaning: t('stage.peopleCount', { count }) },
    isPressed: panels.open === PEOPLE_PANEL,
    keys: { label: t('keys.people'), letter: 'P', chord: 'P', withAlt: true },
    onPress: () => panels.toggle(PEOPLE_PANEL),
  }
}

interface PeopleListProps extends Pick<PeopleParts, 'menuOf'> {
  all: readonly Participant[]
  hands: Hands
}

function PeopleList({ all, hands, menuOf }: PeopleListProps) {
  const { t, i18n } = useTranslation()
  const { listed } = useWatchable(hands)
  const order = new Intl.Collator(i18n.language)
  const viewOf = (participant: Participant) => participant.view.getSnapshot()
  const placeOf = ({ id }: Participant) => (listed.includes(id) ? listed.indexOf(id) : Number.POSITIVE_INFINITY)
  const sorted = [...all].sort(
    (one, other) =>
      (placeOf(one) === placeOf(other) ? 0 : placeOf(one) - placeOf(other)) ||
      Number(other.isLocal) - Number(one.isLocal) ||
      Number(viewOf(other).isHost) - Number(viewOf(one).isHost) ||
      order.compare(viewOf(one).shownName, viewOf(other).shownName),
  )
  return (
    <ul
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to be reachable by keyboard.
      tabIndex={0}
      aria-label={t('stage.people')}
      className="min-h-0 flex-1 overflow-y-auto px-2 pb-3 -outline-offset-2"
    >
      {sorted.map((participant) => (
        <Person key={participant.id} participant={participant} hand={hands.placeOf(participant.id)}>
          {menuOf(participant)}
        </Person>
      ))}
    </ul>
  )
}

function Person(props: { participant: Participant; hand: number | null; children: ReactNode }) {
  const view = useWatchable(props.participant.view)
  return (
    <PersonView view={view} hand={props.hand}>
      <PersonMenu name={view.shownName}>{props.children}</PersonMenu>
    </PersonView>
  )
}

function PersonView({ view, hand, children }: { view: ParticipantView; hand: number | null; children: ReactNode }) {
  const { t, i18n } = useTranslation()
  const { name, shownName, isLocal, isHost, isLookalike, isMuted, isSpeaking, camera, connection } = view
  return (
    <li className="flex min-h-14 items-center gap-2.5 rounded-xl px-3 py-1.5">
      <Avatar name={name} className="size-9 text-xs" />
      <span className="min-w-0 flex-1">
        {/* Beside the picture, whatever direction the name has: as wide as the name, in a line that has the page's. */}
        <span className="flex">
          <span className="line-clamp-2 font-medium text-sm leading-snug [overflow-wrap:anywhere]" dir="auto">
            {isLocal ? t('meeting.you', { name: shownName }) : shownName}
          </span>
        </span>
        {(isHost || isLookalike || hand !== null || connection !== 'good') && (
          <span className="mt-0.5 flex flex-wrap items-center gap-x-2 gap-y-1 text-xs">
            {isHost && (
              <span className="flex items-center gap-1 text-accent-ink">
                <Crown className="size-3" aria-hidden="true" />
                {t('meeting.host')}
              </span>
            )}
            {isLookalike && (
              <span className="rounded-md bg-warn-soft px-1.5 py-0.5 font-medium text-warn-ink">
                {t('meeting.lookalike')}
              </span>
            )}
            {hand !== null && (
              <HandBadge
                place={new Intl.NumberFormat(i18n.language).format(hand)}
                label={t('hands.place', { place: hand })}
              />
            )}
            {connection !== 'good' && (
              <span
                role="img"
                aria-label={t(connection === 'weak' ? 'stage.weakConnection' : 'stage.lostConnection')}
                className="text-warn-ink"
              >
                <SignalBars full={connection === 'weak' ? 1 : 0} />
              </span>
            )}
          </span>
        )}
      </span>
      {camera === null ? (
        <VideoOff className="size-4.5 shrink-0 text-muted" role="img" aria-label={t('stage.cameraOff')} />
      ) : (
        <Video className="size-4.5 shrink-0 text-muted" aria-hidden="true" />
      )}
      {isMuted ? (
        <MicOff className="size-4.5 shrink-0 text-danger-ink" role="img" aria-label={t('stage.muted')} />
      ) : (
        <Mic className={`size-4.5 shrink-0 ${isSpeaking ? 'text-accent-ink' : 'text-muted'}`} aria-hidden="true" />
      )}
      {children}
    </li>
  )
}
