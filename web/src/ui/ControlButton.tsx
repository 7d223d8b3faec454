import type { LucideIcon } from 'lucide-react'
import { type ButtonHTMLAttributes, type Ref, useId } from 'react'
import type { ControlEntry, ControlKeys, ControlLook } from './controls'
import { Spinner } from './Spinner'
import { Tooltip } from './Tooltip'

const LOOKS: Record<ControlLook, string> = {
  plain:
    'bg-sunken text-ink hover:bg-line data-popup-open:bg-line aria-pressed:border-accent-line aria-pressed:bg-accent-soft aria-pressed:text-accent-ink',
  off: 'bg-danger-soft text-danger-ink hover:brightness-95 dark:hover:brightness-125',
  overlay: 'on-picture bg-black/55 text-white backdrop-blur hover:bg-black/75',
  'overlay-off': 'on-picture bg-danger text-on-danger hover:bg-danger-hover',
  danger: 'bg-danger text-on-danger hover:bg-danger-hover',
}

export interface ControlButtonProps extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'children'> {
  icon: LucideIcon
  /** Accessible name and tooltip. */
  label: string
  keys?: ControlKeys | undefined
  look?: ControlLook
  isBusy?: boolean
  /** A number in the corner. Screen readers get its meaning as the description. */
  badge?: ControlEntry['badge']
  hasWarning?: boolean
  tooltipSide?: 'top' | 'bottom'
  ref?: Ref<HTMLButtonElement>
}

const BADGES = { plain: 'badge badge-plain', accent: 'badge', warn: 'badge badge-warn' }

/** A round-cornered square with one icon: the controls of preview and meeting. */
export function ControlButton({
  icon: Icon,
  label,
  keys,
  look = 'plain',
  isBusy = false,
  badge,
  hasWarning = false,
  tooltipSide = 'top',
  className = '',
  ...rest
}: ControlButtonProps) {
  const id = useId()
  return (
    <Tooltip text={label} shortcut={keys?.letter} side={tooltipSide}>
      <button
        type="button"
        {...rest}
        aria-label={label}
        aria-describedby={badge === undefined ? undefined : id}
        aria-keyshortcuts={keys === undefined ? undefined : keyshortcuts(keys)}
        aria-busy={isBusy || undefined}
        // Drawn by the style sheet, because it is no part of the name.
        data-badge={badge?.text}
        className={`relative inline-flex h-(--control,3rem) w-(--control,3rem) shrink-0 items-center justify-center rounded-2xl border-2 border-transparent transition-[background-color,filter] disabled:opacity-50 ${badge === undefined ? '' : BADGES[badge.look]} ${LOOKS[look]} ${className}`}
      >
        {isBusy ? (
          <Spinner className="size-5" />
        ) : (
          <Icon className="size-[1.375rem]" strokeWidth={2} aria-hidden="true" />
        )}
        {badge !== undefined && (
          <span id={id} hidden>
            {badge.meaning}
          </span>
        )}
        {hasWarning && (
          <span
            aria-hidden="true"
            className="absolute -end-1 -top-1 flex size-5 items-center justify-center rounded-full bg-warn-ink font-bold text-warn-soft text-xs"
          >
            !
          </span>
        )}
      </button>
    </Tooltip>
  )
}

/** In the notation of `aria-keyshortcuts`. */
function keyshortcuts({ letter, chord, withAlt }: ControlKeys): string {
  return `${letter} Control+${withAlt ? 'Alt+' : ''}${chord}`
}
