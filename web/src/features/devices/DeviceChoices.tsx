import { useTranslation } from 'react-i18next'
import type { DeviceProblem } from '@/call/deviceProblem'
import { canChooseSpeaker, type DeviceKind, type DeviceList, emptyListText, selectedDevice } from '@/call/devices'
import { useWatchable } from '@/lib/useWatchable'
import { MenuChoice } from '@/ui/Menu'

export interface DeviceChoicesProps {
  devices: DeviceList
  kinds: readonly DeviceKind[]
  inUse: Partial<Record<DeviceKind, string | null>>
  /** Why a kind cannot be used. */
  problems: Partial<Record<DeviceKind, DeviceProblem | null>>
  onChoose: (kind: DeviceKind, id: string) => void
}

/** The devices of some kinds as groups of a menu, during a meeting. */
export function DeviceChoices({ devices, kinds, inUse, problems, onChoose }: DeviceChoicesProps) {
  const { t } = useTranslation()
  const list = useWatchable(devices)
  return kinds
    .filter((kind) => kind !== 'speaker' || canChooseSpeaker())
    .map((kind) => (
      <MenuChoice
        key={kind}
        label={t(`devices.${kind}`)}
        options={list[kind].map(({ id, label }) => ({ value: id, label }))}
        value={selectedDevice(list[kind], list.chosen[kind], inUse[kind] ?? null)}
        emptyText={t(emptyListText(list, kind, problems[kind]))}
        onChoose={(id) => onChoose(kind, id)}
      />
    ))
}
