import { Columns2, Monitor } from 'lucide-react'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'

export interface LargeTab {
  id: string
  label: string
  /** Shown in place of the label, of which the end would be cut: whose screen it is. */
  screenOf?: string | undefined
}

interface LargeTabsProps {
  tabs: readonly LargeTab[]
  chosen: readonly string[]
  canBeBeside: boolean
  onChoose: (ids: readonly string[]) => void
}

/** Chooses which of several screens is large, or two of them side by side. */
export function LargeTabs({ tabs, chosen, canBeBeside, onChoose }: LargeTabsProps) {
  const { t } = useTranslation()
  const isBeside = canBeBeside && chosen.length > 1
  const other = tabs.findLast(({ id }) => !chosen.includes(id))
  return (
    <fieldset aria-label={t('layout.screens')} className="flex h-11 w-full min-w-0 gap-1 rounded-2xl bg-sunken p-0.5">
      {tabs.map(({ id, label, screenOf }) => (
        <TabButton key={id} label={label} isPressed={chosen.includes(id)} onClick={() => onChoose([id])}>
          {screenOf !== undefined && <Monitor className="size-4 shrink-0" aria-hidden="true" />}
          <bdi className="truncate">{screenOf ?? label}</bdi>
        </TabButton>
      ))}
      {canBeBeside && (
        <TabButton
          isPressed={isBeside}
          onClick={() =>
            onChoose(isBeside ? chosen.slice(0, 1) : [...chosen, ...(other ? [other.id] : [])].slice(0, 2))
          }
        >
          <Columns2 className="size-4 shrink-0" aria-hidden="true" />
          <span className="truncate">{t('layout.sideBySide')}</span>
        </TabButton>
      )}
    </fieldset>
  )
}

function TabButton(props: { label?: string; isPressed: boolean; onClick: () => void; children: ReactNode }) {
  return (
    <button
      type="button"
      aria-label={props.label}
      title={props.label}
      aria-pressed={props.isPressed}
      onClick={props.onClick}
      className="flex min-w-0 flex-1 items-center justify-center gap-1.5 rounded-xl border border-transparent px-2 font-medium text-sm hover:bg-line aria-pressed:border-accent-line aria-pressed:bg-surface aria-pressed:text-accent-ink"
    >
      {props.children}
    </button>
  )
}
