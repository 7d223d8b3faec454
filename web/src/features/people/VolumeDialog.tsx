import { useId, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { LOUDEST, type Volumes } from '@/call/volumes'
import { useWatchable } from '@/lib/useWatchable'
import { Dialog } from '@/ui/Dialog'

/** Sets how loud somebody is for oneself. */
export function VolumeDialog({ volumes }: { volumes: Volumes }) {
  const { t, i18n } = useTranslation()
  const { byTile, setting } = useWatchable(volumes)
  const id = useId()
  const slider = useRef<HTMLInputElement>(null)
  const volume = setting === null ? 1 : (byTile.get(setting.id) ?? 1)
  const text = new Intl.NumberFormat(i18n.language, { style: 'percent' }).format(volume)
  return (
    <Dialog
      isOpen={setting !== null}
      title={t('volume.of', { name: setting?.name ?? '' })}
      closeLabel={t('stage.close')}
      onClose={() => volumes.ask(null)}
      initialFocus={slider}
    >
      <p id={id} className="text-muted text-sm">
        {t('volume.text')}
      </p>
      <div className="flex items-center gap-4 pt-2">
        <input
          ref={slider}
          type="range"
          min={0}
          max={LOUDEST * 100}
          step={10}
          value={Math.round(volume * 100)}
          aria-label={t('volume.title')}
          aria-valuetext={text}
          aria-describedby={id}
          onChange={({ target }) => setting !== null && volumes.set(setting.id, Number(target.value) / 100)}
          className="h-11 min-w-0 flex-1 accent-accent-line"
        />
        <output className="w-14 text-end text-sm tabular-nums">{text}</output>
      </div>
    </Dialog>
  )
}
