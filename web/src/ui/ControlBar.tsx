import { ChevronUp, Ellipsis } from 'lucide-react'
import { type ReactNode, useRef } from 'react'
import { useFrameHeight } from '@/lib/useFrameHeight'
import { useSize } from '@/lib/useSize'
import { Button } from './Button'
import { ControlButton } from './ControlButton'
import { type ControlEntry, planControls } from './controls'
import { Menu, MenuItem, MenuLine } from './Menu'
import { useToolbarKeys } from './useToolbarKeys'

export interface ControlBarProps {
  entries: readonly ControlEntry[]
  words: { label: string; more: string }
  /** Stands at the start where there is room: the name of the room and the clock. */
  start: ReactNode
}

/**
 * The controls of a meeting, drawn from values. What has no room moves into a menu; nothing is ever
 * out of reach.
 */
export function ControlBar({ entries, words, start }: ControlBarProps) {
  const frame = useRef<HTMLDivElement>(null)
  const { width } = useSize(frame)
  const isLow = useFrameHeight() !== 'usual'
  const plan = planControls(entries, width, isLow)
  const toolbar = useToolbarKeys()
  const sideEntries = plan.isSplit ? plan.bar.filter(({ isSide }) => isSide) : []
  const middleEntries = plan.bar.filter((entry) => !sideEntries.includes(entry))
  const hiddenOptions = plan.hasOptions ? [] : entries.flatMap(({ options }) => options ?? [])
  const hasMenu = plan.menu.length > 0 || hiddenOptions.length > 0
  // The menu stands before what ends the stay, so that nobody leaves by reaching for it.
  const split = middleEntries.findIndex(({ look, isEnding }) => look === 'danger' || isEnding)
  const before = split === -1 ? middleEntries : middleEntries.slice(0, split)
  const after = split === -1 ? [] : middleEntries.slice(split)
  const style = { gap: plan.gap, '--control': `${plan.button}px` }

  return (
    <div ref={frame} className="shrink-0">
      <div
        role="toolbar"
        data-region
        aria-label={words.label}
        {...toolbar}
        className={`px-3 pt-2 pb-[max(0.75rem,env(safe-area-inset-bottom))] [@media(max-height:420px)]:pt-0.5 [@media(max-height:420px)]:pb-[max(0.125rem,env(safe-area-inset-bottom))] ${plan.isSplit ? 'grid grid-cols-[1fr_auto_1fr] items-center gap-3' : 'flex justify-center'}`}
      >
        {plan.isSplit && <div className="flex min-w-0 items-center gap-3">{start}</div>}
        <div className="flex items-center" style={style}>
          {before.map((entry) => (
            <BarEntry key={entry.id} entry={entry} hasOptions={plan.hasOptions} />
          ))}
          {hasMenu && <More entries={plan.menu} options={hiddenOptions} label={words.more} />}
          {after.map((entry) => (
            <BarEntry key={entry.id} entry={entry} hasOptions={plan.hasOptions} />
          ))}
        </div>
        {plan.isSplit && (
          <div className="flex items-center justify-end" style={style}>
            {sideEntries.map((entry) => (
              <BarEntry key={entry.id} entry={entry} hasOptions={plan.hasOptions} />
            ))}
          </div>
        )}
      </div>
    </div>
  )
}

function BarEntry({ entry, hasOptions }: { entry: ControlEntry; hasOptions: boolean }) {
  if (entry.isText) {
    return (
      <Button
        look="danger-quiet"
        className="min-h-12 whitespace-nowrap [@media(max-height:420px)]:min-h-11 rounded-2xl px-4"
        onClick={entry.onPress}
      >
        {entry.label}
      </Button>
    )
  }
  const button = (
    <ControlButton
      icon={entry.icon}
      label={entry.label}
      keys={entry.keys}
      look={entry.look ?? 'plain'}
      badge={entry.badge}
      isBusy={entry.isBusy ?? false}
      hasWarning={entry.hasWarning ?? false}
      disabled={entry.isDisabled}
      aria-pressed={entry.isPressed}
      className={entry.look === 'danger' ? 'w-[calc(var(--control)+16px)]' : ''}
      {...(entry.menu === undefined ? { onClick: entry.onPress } : {})}
    />
  )
  if (entry.menu !== undefined) {
    return <Menu trigger={button}>{entry.menu}</Menu>
  }
  return entry.options !== undefined && hasOptions ? (
    <div className="flex items-center rounded-2xl bg-sunken">
      {button}
      <Menu
        trigger={
          <button
            type="button"
            aria-label={entry.options.label}
            className="flex h-(--control) w-11 items-center justify-center rounded-e-2xl text-muted hover:bg-line hover:text-ink data-popup-open:bg-line data-popup-open:text-ink"
          >
            <ChevronUp className="size-4.5" aria-hidden="true" />
          </button>
        }
      >
        {entry.options.groups}
      </Menu>
    </div>
  ) : (
    button
  )
}

/** The menu of the controls that do not fit into the bar. */
function More(props: {
  entries: readonly ControlEntry[]
  options: readonly NonNullable<ControlEntry['options']>[]
  label: string
}) {
  const news = (['warn', 'accent'] as const)
    .map((look) => props.entries.find(({ badge }) => badge?.look === look))
    .find((entry) => entry !== undefined)
  const plain = props.entries.filter(({ isText, menu }) => !isText && menu === undefined)
  const groups = [
    ...props.options,
    ...props.entries.flatMap(({ label, menu }) => (menu === undefined ? [] : [{ label, groups: menu }])),
  ]
  const apart = props.entries.filter(({ isText }) => isText)
  return (
    <Menu trigger={<ControlButton icon={Ellipsis} label={props.label} badge={news?.badge} />}>
      {plain.map((entry) => (
        <MenuItem key={entry.id} icon={entry.icon} onClick={entry.onPress} isDisabled={entry.isDisabled ?? false}>
          {entry.label}
          {entry.badge !== undefined && (
            <span className={`block text-xs ${entry.badge.look === 'warn' ? 'text-warn-ink' : 'text-muted'}`}>
              {entry.badge.meaning}
            </span>
          )}
        </MenuItem>
      ))}
      {groups.length > 0 && plain.length > 0 && <MenuLine />}
      {groups.map(({ label, groups }) => (
        <div key={label}>{groups}</div>
      ))}
      {apart.length > 0 && <MenuLine />}
      {apart.map((entry) => (
        <MenuItem key={entry.id} icon={entry.icon} look="danger" onClick={entry.onPress}>
          {entry.label}
        </MenuItem>
      ))}
    </Menu>
  )
}
