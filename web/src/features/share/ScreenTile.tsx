import { Expand, Fullscreen, Shrink } from 'lucide-react'
import { memo, type ReactNode, useCallback, useLayoutEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import type { Participant, ParticipantView, Picture } from '@/call/participants'
import { usePicture } from '@/lib/usePicture'
import { useSize } from '@/lib/useSize'
import { useWatchable } from '@/lib/useWatchable'
import { Spinner } from '@/ui/Spinner'
import { VideoFrame } from '@/ui/VideoFrame'
import type { ScreenView } from './screenView'
import { useZoomGestures } from './useZoomGestures'
import { fitScale, keepUnder, type Zoom, zoomBy } from './zoom'

/** Somebody's shared screen. It is never cut, except by who looks closer. */
export const ScreenTile = memo(function ScreenTile(props: { participant: Participant; screen: ScreenView }) {
  return <ScreenTileView view={useWatchable(props.participant.view)} screen={props.screen} />
})

export function ScreenTileView({ view, screen }: { view: ParticipantView; screen: ScreenView }) {
  const { t } = useTranslation()
  const { zoom } = useWatchable(screen)
  const label = t('stage.screenOf', { name: view.shownName })
  const keepElement = useCallback(
    (element: HTMLElement | null) => {
      screen.element = element
    },
    [screen],
  )
  return (
    <article
      ref={keepElement}
      aria-label={label}
      data-testid="tile"
      data-participant={view.id}
      data-kind="screen"
      data-participant-name={view.name}
      className="group/share @container relative isolate flex size-full items-center justify-center overflow-hidden rounded-2xl bg-tile text-tile-ink"
    >
      {view.screen === null ? (
        <Spinner />
      ) : (
        <ZoomedPicture
          picture={view.screen}
          width={view.screenWidth}
          height={view.screenHeight}
          zoom={zoom}
          onZoom={(next) => screen.update({ zoom: next })}
          label={label}
        />
      )}
      <span className="pointer-events-none absolute start-2 bottom-2 max-w-[calc(100%-1rem)] truncate rounded-lg bg-black/60 px-2 py-1 font-medium text-sm text-white">
        <bdi>{label}</bdi>
      </span>
      {view.screen !== null && (
        <span className="@max-[24rem]:hidden absolute end-2 top-2 flex gap-1 rounded-xl bg-black/60 p-1 opacity-0 transition-opacity group-focus-within/share:opacity-100 group-hover/share:opacity-100 [@media(hover:none)]:opacity-100">
          <ViewButton label={t(zoom === 'fit' ? 'share.actualSize' : 'share.fit')} onClick={() => screen.toggleSize()}>
            {zoom === 'fit' ? (
              <Expand className="size-5" aria-hidden="true" />
            ) : (
              <Shrink className="size-5" aria-hidden="true" />
            )}
          </ViewButton>
          {document.fullscreenEnabled && (
            <ViewButton label={t('share.fullscreen')} onClick={() => screen.toggleFullscreen()}>
              <Fullscreen className="size-5" aria-hidden="true" />
            </ViewButton>
          )}
        </span>
      )}
    </article>
  )
}

/** For the pointer; the keyboard finds the same in the menu of the tile, which is its one stop. */
function ViewButton({ label, onClick, children }: { label: string; onClick: () => void; children: ReactNode }) {
  return (
    <button
      type="button"
      tabIndex={-1}
      aria-label={label}
      title={label}
      onClick={onClick}
      className="on-picture flex size-11 items-center justify-center rounded-lg text-white hover:bg-white/20"
    >
      {children}
    </button>
  )
}

interface ZoomedPictureProps {
  picture: Picture
  width: number
  height: number
  zoom: Zoom
  onZoom: (zoom: Zoom) => void
  label: string
}

function ZoomedPicture({ picture, width, height, zoom, onZoom, label }: ZoomedPictureProps) {
  const attach = usePicture(picture)
  const place = useRef<HTMLDivElement>(null)
  const size = useSize(place)
  const fit = fitScale({ width, height }, size)
  const scale = zoom === 'fit' ? fit : zoom
  const shown = useRef(scale)
  const point = useRef({ x: size.width / 2, y: size.height / 2 })
  useZoomGestures(place, (factor, at) => {
    point.current = at
    onZoom(zoomBy(zoom, factor, fit))
  })
  useLayoutEffect(() => {
    const element = place.current
    const before = shown.current
    shown.current = scale
    if (element !== null && before !== scale) {
      element.scrollLeft = keepUnder(element.scrollLeft, point.current.x, before, scale)
      element.scrollTop = keepUnder(element.scrollTop, point.current.y, before, scale)
    }
  }, [scale])
  const isZoomed = zoom !== 'fit' && width > 0 && height > 0
  return (
    // Counted from the left in both directions of writing, as screens are.
    <div
      ref={place}
      dir="ltr"
      {...(isZoomed ? { tabIndex: 0, role: 'group', 'aria-label': label } : {})}
      data-zoomed={isZoomed || undefined}
      className={`absolute inset-0 flex touch-pan-x touch-pan-y ${isZoomed ? 'overflow-auto' : 'overflow-hidden'}`}
    >
      <div
        className="relative m-auto shrink-0"
        style={isZoomed ? { width: width * zoom, height: height * zoom } : { width: '100%', height: '100%' }}
      >
        <VideoFrame attach={attach} isMirrored={false} isWhole />
      </div>
    </div>
  )
}
