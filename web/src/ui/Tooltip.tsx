import { cloneElement, type ReactElement, type ReactNode, useLayoutEffect, useRef } from 'react'
import { createPortal } from 'react-dom'
import { landmark } from './landmark'
import { useTooltip } from './useTooltip'

const GAP = 8

type Handlers = Record<string, ((event: never) => void) | undefined>

export interface TooltipProps {
  text: string
  /** The key that does the same, such as `M`. */
  shortcut?: string | undefined
  side?: 'top' | 'bottom'
  children: ReactElement<Record<string, unknown>>
}

/** Names a control to the eye. The control itself carries the accessible name. */
export function Tooltip({ text, shortcut, side = 'top', children }: TooltipProps) {
  const { anchor, onControl, onText } = useTooltip()
  return (
    <>
      {cloneElement(children, both(onControl, children.props as Handlers))}
      {anchor?.isConnected &&
        createPortal(
          <Text anchor={anchor} side={side} handlers={onText}>
            {text}
            {shortcut && (
              <kbd className="rounded border border-canvas/30 px-1.5 font-sans text-[0.6875rem]">{shortcut}</kbd>
            )}
          </Text>,
          landmark(),
        )}
    </>
  )
}

interface TextProps {
  anchor: Element
  side: 'top' | 'bottom'
  handlers: ReturnType<typeof useTooltip>['onText']
  children: ReactNode
}

function Text({ anchor, side, handlers, children }: TextProps) {
  const element = useRef<HTMLDivElement>(null)
  useLayoutEffect(() => {
    const box = element.current
    if (box !== null) {
      // At the edge, so that the text has all the width it wants when it is measured.
      box.style.left = box.style.top = '0'
      const { x, y } = placeBeside(anchor.getBoundingClientRect(), box.getBoundingClientRect(), side, window)
      box.style.left = `${x}px`
      box.style.top = `${y}px`
    }
  })
  return (
    <div
      ref={element}
      role="presentation"
      {...handlers}
      className="appear fixed z-60 flex max-w-[calc(100vw-1rem)] items-center gap-2 rounded-lg bg-ink px-2.5 py-1.5 font-medium text-canvas text-xs shadow-2"
    >
      {children}
    </div>
  )
}

type Box = Pick<DOMRect, 'left' | 'top' | 'bottom' | 'width' | 'height'>

/**
 * Over or under the middle of the control, on the other side where there is no room, within the
 * window.
 */
export function placeBeside(
  control: Box,
  text: Box,
  side: 'top' | 'bottom',
  { innerWidth, innerHeight }: Pick<Window, 'innerWidth' | 'innerHeight'>,
): { x: number; y: number } {
  const above = control.top - GAP - text.height
  const below = control.bottom + GAP
  const isAbove = side === 'top' ? above >= GAP : below + text.height > innerHeight - GAP
  const middle = control.left + control.width / 2 - text.width / 2
  return {
    x: Math.round(Math.max(GAP, Math.min(middle, innerWidth - GAP - text.width))),
    y: Math.round(isAbove ? above : below),
  }
}

/** Calls the handlers of the control as well as ours. */
function both(ours: Handlers, theirs: Handlers): Handlers {
  return Object.fromEntries(
    Object.entries(ours).map(([name, handle]) => [
      name,
      (event: never) => {
        theirs[name]?.(event)
        handle?.(event)
      },
    ]),
  )
}
