import { ChevronsUpDown, type LucideIcon } from 'lucide-react'
import { directionOfText } from '@/lib/textDirection'

export interface SelectOption {
  value: string
  label: string
}

export interface SelectProps {
  label: string
  icon: LucideIcon
  options: readonly SelectOption[]
  value: string | null
  /** Shown when there is nothing to choose from. */
  emptyText: string
  onChoose: (value: string) => void
  /** Where there is little room the icon stands alone. */
  isCompact?: boolean
  className?: string
}

/**
 * One of a few named things. The label is for screen readers; the icon says the same to the eye.
 * The browser's own list, so that a phone shows its wheel; where it may be styled, the style sheet
 * does.
 */
export function Select({
  label,
  icon: Icon,
  options,
  value,
  emptyText,
  onChoose,
  isCompact = false,
  className = '',
}: SelectProps) {
  const isEmpty = options.length === 0
  const shown = options.find((option) => option.value === value)?.label ?? emptyText
  return (
    <div className={`relative flex min-w-0 items-center ${isCompact ? '' : 'choice'} ${className}`}>
      <Icon
        className={`pointer-events-none absolute z-2 text-muted ${isCompact ? 'start-3 size-5' : 'start-3 size-4.5'}`}
        aria-hidden="true"
      />
      <select
        aria-label={label}
        // The text may run the other way than the page; the paddings are alike for that.
        dir={directionOfText(shown)}
        disabled={isEmpty}
        value={isEmpty ? '' : (value ?? options[0]?.value)}
        onChange={(event) => onChoose(event.target.value)}
        className={`min-h-11 min-w-0 appearance-none truncate rounded-xl transition-colors hover:not-disabled:bg-hover disabled:text-muted disabled:opacity-100 ${isCompact ? 'field-sizing-content cursor-pointer px-10 font-medium text-muted text-sm hover:text-ink max-sm:w-11 max-sm:px-0 max-sm:text-transparent max-sm:hover:text-transparent' : 'w-full border border-line bg-surface px-11 text-sm'}`}
      >
        {isEmpty && <option value="">{emptyText}</option>}
        {options.map((option) => (
          <option key={option.value} value={option.value} dir={directionOfText(option.label)}>
            {option.label}
          </option>
        ))}
      </select>
      <ChevronsUpDown
        className={`pointer-events-none absolute end-3 z-2 size-4 text-muted ${isCompact ? 'max-sm:hidden' : ''}`}
        aria-hidden="true"
      />
    </div>
  )
}
