import { cloneElement, type KeyboardEvent, type MouseEvent, type ReactElement, type ReactNode, useState } from 'react'
import { laterModule } from './later'
import type { AnchoredMenuProps, MenuChoiceProps, MenuItemProps } from './menuParts'

const parts = laterModule(() => import('./menuParts'))

export interface MenuProps {
  trigger: ReactElement<Record<string, unknown>>
  side?: 'top' | 'bottom'
  align?: 'start' | 'center' | 'end'
  children: ReactNode
}

/**
 * A list of actions or choices that opens from a control. The list is fetched when the first one is
 * opened.
 */
export function Menu({ trigger, side = 'top', align = 'center', children }: MenuProps) {
  const [anchor, setAnchor] = useState<HTMLElement | null>(null)
  return (
    <>
      {cloneElement(trigger, {
        'aria-haspopup': 'menu',
        'aria-expanded': anchor !== null,
        'data-popup-open': anchor === null ? undefined : '',
        onClick: ({ currentTarget }: MouseEvent<HTMLElement>) => setAnchor(currentTarget),
        onKeyDown: (event: KeyboardEvent<HTMLElement>) => {
          if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
            event.preventDefault()
            setAnchor(event.currentTarget)
          }
        },
      })}
      <AnchoredMenu anchor={anchor} side={side} align={align} sideOffset={10} onClose={() => setAnchor(null)}>
        {children}
      </AnchoredMenu>
    </>
  )
}

/** The same list, opened from one of many elements. */
export function AnchoredMenu(props: AnchoredMenuProps) {
  const loaded = parts.use(props.anchor !== null)
  return loaded && <loaded.AnchoredMenu {...props} />
}

// Entries are drawn only in an open list, so that the parts are there.

export function MenuItem(props: MenuItemProps) {
  const loaded = parts.use(true)
  return loaded && <loaded.MenuItem {...props} />
}

/** A group of which one is chosen. Choosing keeps the menu open, so that one can compare. */
export function MenuChoice(props: MenuChoiceProps) {
  const loaded = parts.use(true)
  return loaded && <loaded.MenuChoice {...props} />
}

export function MenuLine() {
  const loaded = parts.use(true)
  return loaded && <loaded.MenuLine />
}
