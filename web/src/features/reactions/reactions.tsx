import { SmilePlus } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { Reaction } from '@/api/page'
import { REACTIONS, type Reactions } from '@/call/reactions'
import { preferences } from '@/lib/preferences'
import { useWatchable } from '@/lib/useWatchable'
import type { ControlEntry } from '@/ui/controls'
import { Switch } from '@/ui/Switch'
import { useToolbarKeys } from '@/ui/useToolbarKeys'

/** The pictures, as the system draws them. */
const PICTURES: Record<Reaction, string> = {
  thumbs_up: '👍',
  clap: '👏',
  heart: '❤️',
  laugh: '😂',
  wow: '😮',
  party: '🎉',
}

/** The button that opens the row of reactions. `isOpen` and `onToggle`: the row's state. */
export function useReactionControl(isOpen: boolean, onToggle: () => void): ControlEntry {
  const { t } = useTranslation()
  return {
    id: 'reactions',
    label: t('reactions.title'),
    icon: SmilePlus,
    order: 38,
    from: 600,
    hiddenBelow: 600,
    rank: 55,
    isPressed: isOpen,
    onPress: onToggle,
  }
}

/** The reactions in a row above the controls; the number keys send them while it is open. */
export function ReactionRow({ reactions, onClose }: { reactions: Reactions; onClose: () => void }) {
  const { t } = useTranslation()
  const { onKeyDown, ...toolbar } = useToolbarKeys()
  return (
    <div
      {...toolbar}
      role="toolbar"
      aria-label={t('reactions.title')}
      className="flex gap-1 rounded-2xl border border-line bg-surface p-1 shadow-2"
      onKeyDown={(event) => {
        const reaction = REACTIONS[Number(event.key) - 1]
        if (reaction !== undefined) {
          reactions.send(reaction)
        } else if (event.key === 'Escape') {
          event.stopPropagation()
          onClose()
        } else {
          onKeyDown(event)
        }
      }}
    >
      {REACTIONS.map((reaction, index) => (
        <button
          key={reaction}
          type="button"
          // biome-ignore lint/a11y/noAutofocus: the row was opened to choose from it.
          autoFocus={index === 0}
          aria-label={t(`reactions.${reaction}`)}
          aria-keyshortcuts={`${index + 1}`}
          className="flex size-11 items-center justify-center rounded-xl text-2xl hover:bg-hover"
          onClick={() => reactions.send(reaction)}
        >
          <span aria-hidden="true">{PICTURES[reaction]}</span>
        </button>
      ))}
    </div>
  )
}

/** Reactions rise in the corner of the stage; with reduced motion they come and go in place. */
export function RisingReactions({ reactions }: { reactions: Reactions }) {
  const { i18n } = useTranslation()
  const { shown } = useWatchable(reactions)
  const { showsReactions } = useWatchable(preferences)
  if (!showsReactions) {
    return null
  }
  return (
    <ul
      aria-hidden="true"
      data-testid="reactions"
      className="rising-place pointer-events-none fixed start-4 z-10 flex max-h-[50dvh] max-w-60 flex-col-reverse items-start gap-1.5 overflow-hidden"
    >
      {shown.map(({ key, reaction, count, name }) => (
        <li
          key={key}
          data-reaction={reaction}
          className="rising flex max-w-full items-center gap-2 rounded-full bg-surface/95 py-1 ps-2 pe-3 text-ink text-xs shadow-2"
        >
          <span className="text-xl leading-none">{PICTURES[reaction]}</span>
          <bdi className="truncate font-medium">
            {count === 1 ? name : new Intl.NumberFormat(i18n.language).format(count)}
          </bdi>
        </li>
      ))}
    </ul>
  )
}

/** Whether reactions of others are shown. */
export function ReactionSettings() {
  const { t } = useTranslation()
  const { showsReactions } = useWatchable(preferences)
  return (
    <Switch
      label={t('settings.showReactions')}
      isOn={showsReactions}
      onChange={(isOn) => preferences.setShowsReactions(isOn)}
    />
  )
}
