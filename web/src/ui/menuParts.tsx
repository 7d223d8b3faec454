import { Menu as Base } from '@base-ui/react/menu'
import { Check, type LucideIcon } from 'lucide-react'
import { type FocusEvent, type ReactNode, useLayoutEffect, useRef } from 'react'
import { landmark } from './landmark'

const ITEM =
  'flex min-h-11 cursor-pointer select-none items-center gap-3 rounded-xl px-3 text-sm -outline-offset-3 data-disabled:text-muted data-highlighted:bg-hover'

const POPUP =
  'max-h-[var(--available-height)] min-w-60 max-w-[min(22rem,calc(100vw-1.5rem))] origin-[var(--transform-origin)] overflow-y-auto rounded-2xl border border-line bg-surface p-1.5 shadow-2 outline-none transition-[scale,opacity] duration-100 data-ending-style:scale-98 data-ending-style:opacity-0 data-starting-style:scale-98 data-starting-style:opacity-0'

export interface AnchoredMenuProps {
  /** The element it opens from; null while it is closed. */
  anchor: HTMLElement | null
  side?: 'top' | 'bottom'
  align?: 'start' | 'center' | 'end'
  sideOffset?: number
  onClose: () => void
  children: ReactNode
}

/**
 * A list of actions or choices beside an element. Opened by keyboard, it begins with its first
 * entry.
 */
export function AnchoredMenu({
  anchor,
  side = 'bottom',
  align = 'start',
  sideOffset = 6,
  onClose,
  children,
}: AnchoredMenuProps) {
  const last = useRef<HTMLElement | null>(null)
  last.current = anchor ?? last.current
  const beginsWithFirst = useRef(false)
  useLayoutEffect(() => {
    // The anchor still has the focus, with a ring if somebody uses the keyboard.
    beginsWithFirst.current = anchor?.matches(':focus-visible') ?? false
  }, [anchor])
  // An entry may have opened a dialog, which has the focus then.
  const end = () => (document.querySelector('[role="dialog"], [role="alertdialog"]') === null ? last.current : false)
  const begin = ({ target, currentTarget }: FocusEvent<HTMLElement>) => {
    if (beginsWithFirst.current && target === currentTarget) {
      currentTarget.querySelector<HTMLElement>('[role^="menuitem"]')?.focus()
    }
    beginsWithFirst.current = false
  }
  return (
    <Base.Root open={anchor !== null} onOpenChange={(isOpen) => !isOpen && onClose()}>
      <Base.Portal container={landmark()}>
        <Base.Positioner
          anchor={last}
          side={side}
          align={align}
          sideOffset={sideOffset}
          collisionPadding={12}
          className="z-50 outline-none"
        >
          <Base.Popup finalFocus={end} onFocus={begin} className={POPUP}>
            {children}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  )
}

export interface MenuItemProps {
  icon: LucideIcon
  look?: 'plain' | 'danger'
  isDisabled?: boolean
  onClick: () => void
  children: ReactNode
}

export function MenuItem({ icon: Icon, look = 'plain', isDisabled = false, onClick, children }: MenuItemProps) {
  return (
    <Base.Item
      disabled={isDisabled}
      onClick={onClick}
      className={`${ITEM} ${look === 'danger' ? 'text-danger-ink' : ''}`}
    >
      <Icon className="size-5 shrink-0" aria-hidden="true" />
      <span className="min-w-0 flex-1">{children}</span>
    </Base.Item>
  )
}

export interface MenuChoiceProps {
  label: string
  value: string | null
  options: readonly { value: string; label: string }[]
  emptyText: string
  onChoose: (value: string) => void
}

/** A group of which one is chosen. Choosing keeps the menu open, so that one can compare. */
export function MenuChoice({ label, value, options, emptyText, onChoose }: MenuChoiceProps) {
  return (
    <Base.Group>
      <Base.GroupLabel className="px-3 pt-2 pb-1 font-semibold text-muted text-xs">{label}</Base.GroupLabel>
      {options.length === 0 && <p className="px-3 pt-1 pb-2.5 text-muted text-sm">{emptyText}</p>}
      <Base.RadioGroup value={value ?? ''} onValueChange={(chosen) => onChoose(String(chosen))}>
        {options.map((option) => (
          <Base.RadioItem key={option.value} value={option.value} closeOnClick={false} className={ITEM}>
            <span className="flex w-5 shrink-0 justify-center text-accent-ink">
              <Base.RadioItemIndicator>
                <Check className="size-4.5" aria-hidden="true" />
              </Base.RadioItemIndicator>
            </span>
            <span className="min-w-0 [overflow-wrap:anywhere]" dir="auto">
              {option.label}
            </span>
          </Base.RadioItem>
        ))}
      </Base.RadioGroup>
    </Base.Group>
  )
}

export function MenuLine() {
  return <Base.Separator className="mx-3 my-1.5 h-px bg-line" />
}
