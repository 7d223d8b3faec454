import type { LucideIcon } from 'lucide-react'
import type { ButtonHTMLAttributes, Ref } from 'react'
import { Spinner } from './Spinner'
import { Tooltip } from './Tooltip'

export type ControlLook = 'plain' | 'off' | 'overlay' | 'overlay-off' | 'danger'

const LOOKS: Record<ControlLook, string> = {
  plain:
    'bg-sunken text-ink hover:bg-line data-popup-open:bg-line aria-pressed:bg-accent-soft aria-pressed:text-accent-ink',
  off: 'bg-danger-soft text-danger-ink hover:brightness-95 dark:hover:brightness-125',
  overlay: 'bg-black/55 text-white backdrop-blur hover:bg-black/75',
  'overlay-off': 'bg-danger text-on-danger hover:bg-danger-hover',
  danger: 'bg-danger text-on-danger hover:bg-danger-hover',
}

export interface ControlButtonProps extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'children'> {
  icon: LucideIcon
  /** Accessible name and tooltip. */
  label: string
  shortcut?: string | undefined
  look?: ControlLook
  isBusy?: boolean
  /** A number in the corner. */
  badge?: string | undefined
  badgeLook?: 'accent' | 'warn'
  hasWarning?: boolean
  tooltipSide?: 'top' | 'bottom'
  ref?: Ref<HTMLButtonElement>
}

/** A round-cornered square with one icon: the controls of preview and meeting. */
export function ControlButton({
  icon: Icon,
  label,
  shortcut,
  look = 'plain',
  isBusy = false,
  badge,
  badgeLook = 'accent',
  hasWarning = false,
  tooltipSide = 'top',
  className = '',
  ...rest
}: ControlButtonProps) {
  return (
    <Tooltip text={label} shortcut={shortcut} side={tooltipSide}>
      <button
        type="button"
        {...rest}
        aria-label={label}
        aria-keyshortcuts={shortcut}
        aria-busy={isBusy || undefined}
        className={`relative inline-flex size-12 shrink-0 items-center justify-center rounded-2xl transition-[background-color,filter] ${LOOKS[look]} ${className}`}
      >
        {isBusy ? (
          <Spinner className="size-5" />
        ) : (
          <Icon className="size-[1.375rem]" strokeWidth={2} aria-hidden="true" />
        )}
        {badge !== undefined && (
          <span
            aria-hidden="true"
            className={`absolute -end-1 -top-1 min-w-5 rounded-full px-1.5 text-center font-semibold text-[0.6875rem] leading-5 ${badgeLook === 'warn' ? 'bg-warn-ink text-warn-soft' : 'bg-accent text-on-accent'}`}
          >
            {badge}
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
