import { LayoutDashboard, PanelRightClose, PanelRightOpen } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { useWatchable } from '@/lib/useWatchable'
import type { ControlEntry } from '@/ui/controls'
import { MenuChoice, MenuItem } from '@/ui/Menu'
import { LAYOUTS, type StageChoiceCell } from './choices'

/** The menu of layouts; its keys take the next one. */
export function useLayoutControl(choices: StageChoiceCell): ControlEntry {
  const { t } = useTranslation()
  return {
    id: 'layout',
    label: t('layout.title'),
    icon: LayoutDashboard,
    order: 80,
    from: 600,
    rank: 75,
    isSide: true,
    keys: { label: t('keys.layout'), letter: 'L', chord: 'L', withAlt: true },
    menu: <LayoutMenu choices={choices} />,
    onPress: () => choices.nextLayout(),
  }
}

const OWN_PLACES = ['auto', 'tile', 'corner', 'hidden'] as const

function LayoutMenu({ choices }: { choices: StageChoiceCell }) {
  const { t } = useTranslation()
  const { layout, own, isStripHidden } = useWatchable(choices)
  return (
    <>
      <MenuChoice
        label={t('layout.title')}
        value={layout}
        options={LAYOUTS.map((value) => ({ value, label: t(LAYOUT_WORDS[value]) }))}
        emptyText=""
        onChoose={(value) => choices.update({ layout: LAYOUTS.find((one) => one === value) ?? 'auto' })}
      />
      <MenuChoice
        label={t('layout.own')}
        value={own}
        options={OWN_PLACES.map((value) => ({ value, label: t(OWN_WORDS[value]) }))}
        emptyText=""
        onChoose={(value) => choices.update({ own: OWN_PLACES.find((one) => one === value) ?? 'auto' })}
      />
      <MenuItem icon={isStripHidden ? PanelRightOpen : PanelRightClose} onClick={() => choices.toggleStrip()}>
        {t(isStripHidden ? 'layout.showStrip' : 'layout.hideStrip')}
      </MenuItem>
    </>
  )
}

const LAYOUT_WORDS = {
  auto: 'layout.auto',
  grid: 'layout.grid',
  speaker: 'layout.speaker',
  sidebar: 'layout.sidebar',
} as const

const OWN_WORDS = {
  auto: 'layout.ownAuto',
  tile: 'layout.ownTile',
  corner: 'layout.ownCorner',
  hidden: 'layout.ownHidden',
} as const
