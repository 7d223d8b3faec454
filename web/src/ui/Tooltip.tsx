import { Tooltip as Base } from '@base-ui/react/tooltip'
import type { ReactElement } from 'react'

export interface TooltipProps {
  text: string
  /** The key that does the same, such as `M`. */
  shortcut?: string | undefined
  side?: 'top' | 'bottom'
  children: ReactElement<Record<string, unknown>>
}

/** Names a control to the eye. The control itself carries the accessible name. */
export function Tooltip({ text, shortcut, side = 'top', children }: TooltipProps) {
  return (
    <Base.Root>
      <Base.Trigger render={children} />
      <Base.Portal>
        <Base.Positioner side={side} sideOffset={8} className="z-50">
          <Base.Popup className="flex items-center gap-2 rounded-lg bg-ink px-2.5 py-1.5 font-medium text-canvas text-xs shadow-2 transition-opacity duration-100 data-ending-style:opacity-0 data-starting-style:opacity-0">
            {text}
            {shortcut && (
              <kbd className="rounded border border-canvas/30 px-1.5 font-sans text-[0.6875rem]">{shortcut}</kbd>
            )}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  )
}
