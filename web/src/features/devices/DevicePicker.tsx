import { Camera, Mic, Volume2 } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { DeviceProblem } from '@/call/deviceProblem'
import { canChooseSpeaker, type DeviceKind, type DeviceList, emptyListText, selectedDevice } from '@/call/devices'
import { useWatchable } from '@/lib/useWatchable'
import { Select } from '@/ui/Select'
import { SpeakerTest } from './SpeakerTest'

const ICONS = { microphone: Mic, camera: Camera, speaker: Volume2 }

export interface DevicePickerProps {
  devices: DeviceList
  /** Ids of the devices that are open now. */
  inUse: Partial<Record<DeviceKind, string | null>>
  /** Why a kind cannot be used. */
  problems: Partial<Record<DeviceKind, DeviceProblem | null>>
  onChoose: (kind: DeviceKind, id: string) => void
}

/** One list per kind of device, before a meeting. */
export function DevicePicker({ devices, inUse, problems, onChoose }: DevicePickerProps) {
  const { t } = useTranslation()
  const list = useWatchable(devices)
  const kinds: DeviceKind[] = canChooseSpeaker() ? ['microphone', 'camera', 'speaker'] : ['microphone', 'camera']
  return (
    <fieldset className="grid min-w-0 grid-cols-1 gap-2 sm:grid-cols-[repeat(auto-fit,minmax(15rem,1fr))]">
      <legend className="sr-only">{t('devices.title')}</legend>
      {kinds.map((kind) => {
        const value = selectedDevice(list[kind], list.chosen[kind], inUse[kind] ?? null)
        const select = (
          <Select
            key={kind}
            className="flex-1"
            label={t(`devices.${kind}`)}
            icon={ICONS[kind]}
            options={list[kind].map(({ id, label }) => ({ value: id, label }))}
            value={value}
            emptyText={t(emptyListText(list, kind, problems[kind]))}
            onChoose={(id) => onChoose(kind, id)}
          />
        )
        return kind === 'speaker' ? (
          <SpeakerTest key={kind} speaker={value}>
            {select}
          </SpeakerTest>
        ) : (
          select
        )
      })}
    </fieldset>
  )
}
