import { Camera, Mic, Volume2 } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { canChooseSpeaker, type DeviceKind, type DeviceList, isMissing, selectedDevice } from '@/call/devices'
import { useWatchable } from '@/lib/useWatchable'
import { Select } from '@/ui/Select'

const ICONS = { microphone: Mic, camera: Camera, speaker: Volume2 }

export interface DevicePickerProps {
  devices: DeviceList
  /** Ids of the devices that are open now. */
  inUse: Partial<Record<DeviceKind, string | null>>
  onChoose: (kind: DeviceKind, id: string) => void
}

/** One list per kind of device, before a meeting. */
export function DevicePicker({ devices, inUse, onChoose }: DevicePickerProps) {
  const { t } = useTranslation()
  const list = useWatchable(devices)
  const kinds: DeviceKind[] = canChooseSpeaker() ? ['microphone', 'camera', 'speaker'] : ['microphone', 'camera']
  return (
    <fieldset className="grid min-w-0 grid-cols-1 gap-2 sm:grid-cols-[repeat(auto-fit,minmax(0,1fr))] sm:grid-flow-col">
      <legend className="sr-only">{t('devices.title')}</legend>
      {kinds.map((kind) => (
        <Select
          key={kind}
          label={t(`devices.${kind}`)}
          icon={ICONS[kind]}
          options={list[kind].map(({ id, label }) => ({ value: id, label }))}
          value={selectedDevice(list[kind], list.chosen[kind], inUse[kind] ?? null)}
          emptyText={t(isMissing(list, kind) && kind !== 'speaker' ? 'devices.none' : 'devices.default')}
          onChoose={(id) => onChoose(kind, id)}
        />
      ))}
    </fieldset>
  )
}
