import { ChevronDown, ChevronUp } from 'lucide-react'
import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'

/**
 * The place of the bar of controls. In a frame that is too low for it, the bar lies over the lower
 * edge and is seen while somebody wants it: after a press on the button, or with the focus in it.
 */
export function BarOnDemand({ isOnDemand, children }: { isOnDemand: boolean; children: ReactNode }) {
  const { t } = useTranslation()
  const [isWanted, setWanted] = useState(false)
  const place = useRef<HTMLDivElement>(null)
  const button = useRef<HTMLButtonElement>(null)
  const id = useId()
  useEffect(() => {
    if (!isWanted) {
      return
    }
    const leave = ({ target }: Event) => {
      // A menu of the bar is no child of it.
      if (target instanceof Element && !place.current?.contains(target) && target.closest('[role="menu"]') === null) {
        setWanted(false)
      }
    }
    document.addEventListener('pointerdown', leave)
    document.addEventListener('focusin', leave)
    return () => {
      document.removeEventListener('pointerdown', leave)
      document.removeEventListener('focusin', leave)
    }
  }, [isWanted])
  const close = (event: KeyboardEvent) => {
    if (isOnDemand && isWanted && event.key === 'Escape' && !event.defaultPrevented) {
      event.stopPropagation()
      setWanted(false)
      button.current?.focus()
    }
  }
  const Arrow = isWanted ? ChevronDown : ChevronUp
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Escape closes what the button has opened.
    <div
      ref={place}
      onKeyDown={close}
      className={
        isOnDemand ? 'pointer-events-none absolute inset-x-0 bottom-0 z-20 flex flex-col items-end gap-1' : 'shrink-0'
      }
    >
      {isOnDemand && (
        <button
          ref={button}
          type="button"
          aria-label={t('stage.controls')}
          aria-expanded={isWanted}
          aria-controls={id}
          onClick={() => setWanted(!isWanted)}
          className={`on-picture pointer-events-auto me-3 flex size-11 items-center justify-center rounded-2xl border-2 border-line-strong bg-surface ${isWanted ? '' : 'translate-y-12'}`}
        >
          <Arrow className="size-5" aria-hidden="true" />
        </button>
      )}
      {/* biome-ignore lint/a11y/noStaticElementInteractions: what gets the focus has to be seen. */}
      <div
        id={id}
        onFocus={() => setWanted(isOnDemand)}
        className={
          isOnDemand
            ? `w-full bg-canvas shadow-2 transition-opacity ${isWanted ? 'pointer-events-auto' : 'opacity-0'}`
            : ''
        }
      >
        {children}
      </div>
    </div>
  )
}
