import { useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { followLevel } from '@/call/level'

/**
 * Moves with the voice, so that people see that they will be heard. Written past React: it changes
 * 20 times a second.
 */
export function LevelMeter({
  track,
  onSilence,
}: {
  track: MediaStreamTrack
  /** Hears when the microphone gives nothing at all. Must keep its identity. */
  onSilence: (isSilent: boolean) => void
}) {
  const { t } = useTranslation()
  const bar = useRef<HTMLSpanElement>(null)
  useEffect(
    () => followLevel(track, (level) => bar.current?.style.setProperty('--level', level.toFixed(2)), onSilence),
    [track, onSilence],
  )
  return (
    <span
      role="img"
      aria-label={t('devices.level')}
      className="block h-1.5 w-12 @md:w-24 overflow-hidden rounded-full bg-white/25"
    >
      <span ref={bar} className="level-bar block h-full rounded-full bg-white transition-transform duration-75" />
    </span>
  )
}
