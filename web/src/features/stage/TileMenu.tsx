import { EyeOff, PictureInPicture, Pin, PinOff } from 'lucide-react'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { Corner } from '@/call/arrangePlan'
import { useWatchable } from '@/lib/useWatchable'
import { AnchoredMenu, MenuChoice, MenuItem } from '@/ui/Menu'
import type { StageChoiceCell } from './choices'

export interface OpenTileMenu {
  id: string
  anchor: HTMLElement
}

interface TileMenuProps {
  open: OpenTileMenu | null
  isOwnPicture: boolean
  /** The entries that the tile itself adds. */
  extra: ReactNode
  choices: StageChoiceCell
  /** The ids of all tiles. */
  there: ReadonlySet<string>
  onClose: () => void
}

/** The menu of a tile: pinning, where one's own picture is, and what the tile brings. */
export function TileMenu({ open, isOwnPicture, extra, choices, there, onClose }: TileMenuProps) {
  return (
    <AnchoredMenu anchor={open?.anchor ?? null} onClose={onClose}>
      {open !== null && <PinItem id={open.id} choices={choices} there={there} />}
      {extra}
      {isOwnPicture && <OwnPicture choices={choices} />}
    </AnchoredMenu>
  )
}

interface PinItemProps {
  /** The id of the tile. */
  id: string
  choices: StageChoiceCell
  /** The ids of all tiles. */
  there: ReadonlySet<string>
}

/** The entry of a menu that pins a tile for oneself. */
export function PinItem({ id, choices, there }: PinItemProps) {
  const { t } = useTranslation()
  const isPinned = useWatchable(choices).pinned.includes(id)
  return (
    <MenuItem
      icon={isPinned ? PinOff : Pin}
      isDisabled={!choices.canPin(id, there)}
      onClick={() => choices.togglePin(id, there)}
    >
      {t(isPinned ? 'layout.unpin' : 'layout.pin')}
    </MenuItem>
  )
}

function OwnPicture({ choices }: { choices: StageChoiceCell }) {
  const { t, i18n } = useTranslation()
  const { own, corner } = useWatchable(choices)
  const [start, end] = i18n.dir() === 'rtl' ? (['Right', 'Left'] as const) : (['Left', 'Right'] as const)
  const corners = [
    { value: 'start-top', label: t(CORNER_WORDS[`top${start}`]) },
    { value: 'end-top', label: t(CORNER_WORDS[`top${end}`]) },
    { value: 'start-bottom', label: t(CORNER_WORDS[`bottom${start}`]) },
    { value: 'end-bottom', label: t(CORNER_WORDS[`bottom${end}`]) },
  ] as const satisfies readonly { value: Corner; label: string }[]
  return (
    <>
      <MenuItem icon={PictureInPicture} onClick={() => choices.update({ own: own === 'tile' ? 'corner' : 'tile' })}>
        {t(own === 'tile' ? 'layout.ownCorner' : 'layout.ownTile')}
      </MenuItem>
      <MenuItem icon={EyeOff} onClick={() => choices.update({ own: 'hidden' })}>
        {t('layout.hideOwn')}
      </MenuItem>
      <MenuChoice
        label={t('layout.ownCorner')}
        value={own === 'corner' || own === 'auto' ? corner : null}
        options={corners}
        emptyText=""
        onChoose={(value) => {
          const chosen = corners.find((one) => one.value === value)
          choices.update({ own: 'corner', ...(chosen === undefined ? {} : { corner: chosen.value }) })
        }}
      />
    </>
  )
}

const CORNER_WORDS = {
  topLeft: 'layout.topLeft',
  topRight: 'layout.topRight',
  bottomLeft: 'layout.bottomLeft',
  bottomRight: 'layout.bottomRight',
} as const
