/**
 * The entries of a control bar as values, and which of them the bar shows at a width. A feature
 * adds one entry; the bar knows none of them. Pure.
 */
import type { LucideIcon } from 'lucide-react'
import type { ReactNode } from 'react'

export type ControlLook = 'plain' | 'off' | 'overlay' | 'overlay-off' | 'danger'

/** The keys that do the same as a control. */
export interface ControlKeys {
  /** Their effect in every state of the control: the line in the list of keys. */
  label: string
  /** A single letter, which people can switch off (WCAG 2.2, 2.1.4). */
  letter: string
  /** The second form: this letter with Ctrl or ⌘, with Alt as well where `withAlt` says so. */
  chord: string
  withAlt?: boolean
}

export interface ControlEntry {
  id: string
  /** The accessible name, the tooltip, and the words in the menu. */
  label: string
  icon: LucideIcon
  look?: ControlLook
  /** Where it stands, from the start to the end of the bar. */
  order: number
  /**
   * The least width of the bar in CSS pixels from which it may stand there; below, it is in the
   * menu.
   */
  from: number
  /** Below this width it is neither in the bar nor in the menu. */
  hiddenBelow?: number
  /** Where the bar is full, the entry with the highest rank goes into the menu first. */
  rank: number
  /** At the end of the bar, away from the middle, where there is room to spare. */
  isSide?: boolean
  /** Shown with its words instead of an icon alone, and in the menu apart from the others. */
  isText?: boolean
  /** The least width from which its words are shown, as with `isText`. */
  textFrom?: number
  /** Ends something: it stands after the menu, so that nobody presses it by reaching for that. */
  isEnding?: boolean
  /** A number in the corner, with what it means. A plain one only counts and is no news. */
  badge?: { text: string; look: 'plain' | 'accent' | 'warn'; meaning: string } | undefined
  isPressed?: boolean
  isBusy?: boolean
  isDisabled?: boolean
  hasWarning?: boolean
  keys?: ControlKeys
  /**
   * Groups of a menu that opens beside the control, from `OPTIONS_FROM` on; below, they are in the
   * menu.
   */
  options?: { label: string; groups: ReactNode } | undefined
  /** The menu that a press opens; only the keys call `onPress` then. */
  menu?: ReactNode
  onPress: () => void
}

/** From this width of the bar on, options stand beside their control. */
export const OPTIONS_FROM = 500

export interface ControlPlan {
  bar: readonly ControlEntry[]
  menu: readonly ControlEntry[]
  hasOptions: boolean
  /** Whether there is room for the side entries apart from the middle. */
  isSplit: boolean
  /** Sizes in CSS pixels. */
  button: number
  gap: number
}

const SIZES = [
  { button: 48, gap: 12 },
  { button: 48, gap: 8 },
  { button: 44, gap: 8 },
  { button: 44, gap: 4 },
] as const
/** In a low frame. */
const LOW_SIZES = SIZES.filter(({ button }) => button === 44)
/** Room at both ends of the bar. */
const PADDING = 12
const TEXT_WIDTH = 128
/** Room for the name of the room and the clock, which stand opposite the side entries. */
const LEAST_SIDE = 200
/** From this width on the name of the room and the clock have no line of their own. */
const APART_FROM = 1024
const LEAVE_EXTRA = 16
const OPTIONS_WIDTH = 44

/**
 * Divides the entries between bar and menu. The bar takes as many as fit; its gaps shrink first,
 * then its buttons, and only then an entry moves into the menu. `isLow`: every button is small.
 */
export function planControls(entries: readonly ControlEntry[], width: number, isLow = false): ControlPlan {
  const hasOptions = width >= OPTIONS_FROM
  const sorted = entries
    .filter(({ hiddenBelow = 0 }) => hiddenBelow <= width)
    .map((entry) => (entry.textFrom === undefined ? entry : { ...entry, isText: entry.textFrom <= width }))
    .sort((one, other) => one.order - other.order)
  const sizes = isLow ? LOW_SIZES : SIZES
  let bar = sorted.filter(({ from }) => from <= width)
  for (;;) {
    const needsMenu = bar.length < sorted.length || (!hasOptions && sorted.some(({ options }) => options))
    const size = sizes.find(({ button, gap }) => widthOf(bar, { button, gap, hasOptions, needsMenu }) <= width)
    const last = bar.reduce<ControlEntry | null>(
      (found, entry) => (entry.rank > (found?.rank ?? 0) ? entry : found),
      null,
    )
    const hidden =
      size !== undefined && width >= APART_FROM ? crowding(bar, { ...size, hasOptions, needsMenu, width }) : undefined
    if (hidden !== undefined) {
      bar = bar.filter((entry) => entry !== hidden)
      continue
    }
    if (size !== undefined || last === null) {
      const menu = sorted.filter((entry) => !bar.includes(entry))
      const chosen = size ?? SIZES[SIZES.length - 1] ?? SIZES[0]
      const isSplit = fitsApart(bar, { ...chosen, hasOptions, needsMenu, width })
      return { bar, menu, hasOptions, isSplit, ...chosen }
    }
    bar = bar.filter((entry) => entry !== last)
  }
}

interface Sizes {
  button: number
  gap: number
  hasOptions: boolean
  width: number
}

/** Whether the side entries have room apart from the middle, and the name of the room opposite. */
function fitsApart(bar: readonly ControlEntry[], { needsMenu, width, ...sizes }: Sizes & { needsMenu: boolean }) {
  const middleWidth = widthOf(
    bar.filter(({ isSide }) => !isSide),
    { ...sizes, needsMenu },
  )
  const sideWidth = widthOf(
    bar.filter(({ isSide }) => isSide),
    { ...sizes, needsMenu: false },
  )
  return middleWidth + 2 * Math.max(sideWidth, LEAST_SIDE) <= width
}

/** The side entry to move into the menu, so that the name of the room has its place. */
function crowding(bar: readonly ControlEntry[], sizes: Sizes & { needsMenu: boolean }): ControlEntry | undefined {
  const side = bar.filter(({ isSide }) => isSide).sort((one, other) => other.rank - one.rank)
  return fitsApart(bar, sizes) ? undefined : side[0]
}

function widthOf(
  bar: readonly ControlEntry[],
  { button, gap, hasOptions, needsMenu }: { button: number; gap: number; hasOptions: boolean; needsMenu: boolean },
): number {
  const widths = bar.map(
    ({ isText, look, options }) =>
      (isText ? TEXT_WIDTH : button + (look === 'danger' ? LEAVE_EXTRA : 0)) +
      (options && hasOptions ? OPTIONS_WIDTH : 0),
  )
  const count = widths.length + (needsMenu ? 1 : 0)
  const sum = widths.reduce((total, one) => total + one, 0) + (needsMenu ? button : 0)
  return sum + gap * Math.max(0, count - 1) + 2 * PADDING
}
