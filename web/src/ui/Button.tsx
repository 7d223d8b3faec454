import type { ButtonHTMLAttributes, Ref } from 'react'
import { Spinner } from './Spinner'

export type ButtonLook = 'primary' | 'secondary' | 'danger' | 'danger-quiet' | 'quiet'

const LOOKS: Record<ButtonLook, string> = {
  primary: 'border border-accent-line bg-accent text-on-accent hover:not-disabled:bg-accent-hover',
  secondary: 'bg-surface text-ink border border-line-strong/60 hover:not-disabled:bg-hover',
  danger: 'border border-transparent bg-danger text-on-danger hover:not-disabled:bg-danger-hover',
  'danger-quiet':
    'border border-transparent bg-danger-soft text-danger-ink hover:not-disabled:brightness-95 dark:hover:not-disabled:brightness-110',
  quiet: 'border border-transparent text-ink hover:not-disabled:bg-hover',
}

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: ButtonLook
  /**
   * Shows that the press is being worked on; the button keeps its width and takes no second press.
   */
  isBusy?: boolean
  ref?: Ref<HTMLButtonElement>
}

export function Button({
  look = 'secondary',
  isBusy = false,
  className = '',
  children,
  disabled,
  ...rest
}: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      disabled={disabled || isBusy}
      aria-busy={isBusy || undefined}
      className={`relative inline-flex min-h-11 items-center justify-center gap-2 rounded-xl px-5 font-semibold text-[0.9375rem] transition-colors disabled:opacity-60 ${LOOKS[look]} ${className}`}
    >
      {isBusy && <Spinner className="size-5" />}
      {children}
    </button>
  )
}
