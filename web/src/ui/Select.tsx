import { Select as Base } from '@base-ui/react/select'
import { Check, ChevronsUpDown, type LucideIcon } from 'lucide-react'

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
  className?: string
}

/** One of a few named things. The label is for screen readers; the icon says the same to the eye. */
export function Select({ label, icon: Icon, options, value, emptyText, onChoose, className = '' }: SelectProps) {
  return (
    <Base.Root
      items={options.map((option) => ({ ...option }))}
      value={value}
      disabled={options.length === 0}
      onValueChange={(chosen) => {
        if (typeof chosen === 'string') {
          onChoose(chosen)
        }
      }}
    >
      <Base.Trigger
        aria-label={label}
        className={`flex min-h-11 w-full min-w-0 items-center gap-2.5 rounded-xl border border-line bg-surface px-3 text-start text-sm transition-colors hover:not-data-disabled:bg-hover data-disabled:text-muted data-popup-open:bg-hover ${className}`}
      >
        <Icon className="size-4.5 shrink-0 text-muted" aria-hidden="true" />
        <span className="min-w-0 flex-1 truncate">{options.length === 0 ? emptyText : <Base.Value />}</span>
        <Base.Icon>
          <ChevronsUpDown className="size-4 shrink-0 text-muted" aria-hidden="true" />
        </Base.Icon>
      </Base.Trigger>
      <Base.Portal>
        <Base.Positioner sideOffset={6} alignItemWithTrigger={false} className="z-50 outline-none">
          <Base.Popup className="max-h-[min(20rem,var(--available-height))] min-w-[var(--anchor-width)] max-w-[min(24rem,calc(100vw-1.5rem))] origin-[var(--transform-origin)] overflow-y-auto rounded-2xl border border-line bg-surface p-1.5 shadow-2 outline-none transition-[scale,opacity] duration-100 data-ending-style:scale-98 data-ending-style:opacity-0 data-starting-style:scale-98 data-starting-style:opacity-0">
            <Base.List>
              {options.map((option) => (
                <Base.Item
                  key={option.value}
                  value={option.value}
                  className="flex min-h-11 cursor-pointer select-none items-center gap-2.5 rounded-xl px-3 text-sm outline-none data-highlighted:bg-hover data-selected:font-medium"
                >
                  <span className="flex w-4.5 shrink-0 justify-center text-accent-ink">
                    <Base.ItemIndicator>
                      <Check className="size-4.5" aria-hidden="true" />
                    </Base.ItemIndicator>
                  </span>
                  <Base.ItemText className="min-w-0 truncate">{option.label}</Base.ItemText>
                </Base.Item>
              ))}
            </Base.List>
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  )
}
