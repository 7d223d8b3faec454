import { EllipsisVertical, Pin } from 'lucide-react'
import { type KeyboardEvent, type ReactNode, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { arrangePlan } from '@/call/arrangePlan'
import type { Rectangle } from '@/call/grid'
import type { Speech } from '@/call/speech'
import { SIDE_BY_SIDE_FROM } from '@/call/stagePlan'
import { useSize } from '@/lib/useSize'
import { useWatchable } from '@/lib/useWatchable'
import type { StageChoiceCell } from './choices'
import { LargeTabs } from './LargeTabs'
import { type Direction, neighbour } from './neighbours'
import { Pager } from './Pager'
import type { StageTile } from './stageTile'
import { type OpenTileMenu, TileMenu } from './TileMenu'
import { useCornerDrag } from './useCornerDrag'
import { usePaging } from './usePaging'
import { useStagePlan } from './useStagePlan'

export interface StageTilesProps {
  tiles: readonly StageTile[]
  speech: Speech
  choices: StageChoiceCell
  /** Tiles that a host shows to everybody, by id. */
  spotlight?: readonly string[]
  /** Takes one more place, after the people. */
  extra?: ReactNode
}

const NOBODY: readonly string[] = []

/** The tiles, arranged to fill the space, over as many pages as it takes. */
export function StageTiles({ tiles, speech, choices, spotlight = NOBODY, extra }: StageTilesProps) {
  const { t, i18n } = useTranslation()
  const { corner, pinned } = useWatchable(choices)
  const frame = useRef<HTMLDivElement>(null)
  const space = useSize(frame)
  const hasExtra = extra !== undefined
  const { plan, turn, chooseLarge } = useStagePlan({ tiles, speech, choices, space, hasExtra, spotlight })
  const isRightToLeft = i18n.dir() === 'rtl'
  const places = arrangePlan(plan, space, { rightToLeft: isRightToLeft, hasExtra, corner })
  const byId = new Map(tiles.map((tile) => [tile.id, tile]))
  const shown = [...plan.main, ...plan.strip, ...(plan.corner === null ? [] : [plan.corner])]
  const swipe = usePaging(turn, isRightToLeft)
  const drag = useCornerDrag(space, isRightToLeft, (chosen) => choices.update({ own: 'corner', corner: chosen }))
  const [menu, setMenu] = useState<OpenTileMenu | null>(null)
  const [stop, setStop] = useState<string | null>(null)
  const stopId = stop !== null && shown.includes(stop) ? stop : shown[0]
  const menuTile = menu === null ? undefined : byId.get(menu.id)

  const move = (event: KeyboardEvent) => {
    const button = event.target instanceof Element ? event.target.closest('[data-tile-button]') : null
    const from = button?.getAttribute('data-tile-button')
    if (!from || event.ctrlKey || event.metaKey || event.altKey) {
      return
    }
    const to =
      event.key === 'Home'
        ? shown[0]
        : event.key === 'End'
          ? shown.at(-1)
          : event.key.startsWith('Arrow')
            ? neighbour(places.tiles, from, event.key as Direction)
            : undefined
    if (to !== undefined || event.key.startsWith('Arrow')) {
      event.preventDefault()
      focusTile(frame.current, to)
    }
  }

  return (
    <section
      aria-label={t('stage.participants')}
      data-region
      className="relative min-h-0 min-w-0 flex-1 touch-pan-y"
      onKeyDown={move}
      {...swipe}
    >
      {/* Physical corner: the rectangles are counted from the left in both directions of writing. */}
      <div ref={frame} dir="ltr" className="absolute inset-0">
        {space.width > 0 && (
          <>
            {shown.map((id) => {
              const tile = byId.get(id)
              const isCorner = id === plan.corner
              const moved = isCorner ? drag.moved : null
              const place = places.tiles.get(id)
              return tile === undefined ? null : (
                // biome-ignore lint/a11y/noStaticElementInteractions lint/a11y/useKeyWithClickEvents: a tap shows the button, which has the keys
                <div
                  key={id}
                  data-corner={isCorner || undefined}
                  style={styleOf(place, moved)}
                  className={`group/tile absolute start-0 top-0 ${moved === null ? 'transition-[transform,width,height] duration-200 ease-out' : ''} ${isCorner ? 'z-10 cursor-grab touch-none rounded-2xl shadow-2' : ''}`}
                  onClick={({ target }) => {
                    if (!(target instanceof Element && target.closest('button, a, video[controls]'))) {
                      focusTile(frame.current, id)
                    }
                  }}
                  {...(isCorner ? drag.handlers(place) : {})}
                >
                  <div dir={i18n.dir()} className="relative size-full">
                    {tile.content}
                    <button
                      type="button"
                      data-tile-button={id}
                      tabIndex={id === stopId ? 0 : -1}
                      aria-label={t('layout.tileMenu', { name: tile.name })}
                      aria-haspopup="menu"
                      aria-expanded={menu?.id === id}
                      onFocus={() => setStop(id)}
                      onClick={({ currentTarget }) => setMenu({ id, anchor: currentTarget })}
                      className="on-picture absolute start-1 top-1 z-10 flex size-11 items-center justify-center rounded-xl text-white -outline-offset-1 opacity-0 transition-opacity focus:opacity-100 aria-expanded:opacity-100 group-hover/tile:opacity-100"
                    >
                      <span className="flex size-8 items-center justify-center rounded-lg bg-black/60">
                        <EllipsisVertical className="size-5" aria-hidden="true" />
                      </span>
                    </button>
                    {pinned.includes(id) && (
                      <span className="pointer-events-none absolute start-2 top-2 flex size-9 items-center justify-center rounded-lg bg-black/60 text-white group-hover/tile:opacity-0 group-has-[[data-tile-button]:focus]/tile:opacity-0">
                        <Pin className="size-4" aria-hidden="true" />
                        <span className="sr-only">{t('layout.pinned')}</span>
                      </span>
                    )}
                  </div>
                </div>
              )
            })}
            {places.extra !== null && (
              <div style={styleOf(places.extra)} className="absolute start-0 top-0">
                <div dir={i18n.dir()} className="size-full">
                  {extra}
                </div>
              </div>
            )}
          </>
        )}
      </div>
      {places.tabs !== null && (
        <div dir="ltr" style={styleOf(places.tabs)} className="absolute start-0 top-0">
          <div dir={i18n.dir()}>
            <LargeTabs
              tabs={plan.tabs.map((id) => ({ id, label: byId.get(id)?.name ?? '', screenOf: byId.get(id)?.screenOf }))}
              chosen={plan.large}
              canBeBeside={space.width >= SIDE_BY_SIDE_FROM}
              onChoose={chooseLarge}
            />
          </div>
        </div>
      )}
      {places.pager !== null && (
        <div dir="ltr" style={styleOf(places.pager)} className="absolute start-0 top-0">
          <Pager page={plan.page} pages={plan.pages.length} onTurn={turn} />
        </div>
      )}
      <TileMenu
        open={menuTile === undefined ? null : menu}
        isOwnPicture={menuTile?.isOwnPicture ?? false}
        extra={menuTile?.menu}
        choices={choices}
        there={new Set(byId.keys())}
        onClose={() => setMenu(null)}
      />
    </section>
  )
}

function focusTile(frame: HTMLElement | null, id: string | undefined): void {
  const buttons = frame?.querySelectorAll<HTMLElement>('[data-tile-button]') ?? []
  ;[...buttons].find((button) => button.dataset.tileButton === id)?.focus()
}

function styleOf(
  place: Rectangle = { x: 0, y: 0, width: 0, height: 0 },
  moved: { x: number; y: number } | null = null,
) {
  const { x, y, width, height } = place
  return { width, height, transform: `translate(${x + (moved?.x ?? 0)}px, ${y + (moved?.y ?? 0)}px)` }
}
