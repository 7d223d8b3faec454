/**
 * Which cameras, microphones and speakers there are, and which of them this person uses. No React,
 * no LiveKit.
 */
import { rememberedChoices } from '@/lib/storage'
import { Cell } from '@/lib/store'
import { isPhone } from './browser'
import type { DeviceProblem } from './deviceProblem'

export type DeviceKind = 'microphone' | 'camera' | 'speaker'

export interface Device {
  id: string
  /** Empty until the browser was allowed to tell it. */
  label: string
}

export interface DeviceListState {
  microphone: readonly Device[]
  camera: readonly Device[]
  speaker: readonly Device[]
  /** Kinds of which there is at least one, named or not; null before the browser was asked. */
  present: ReadonlySet<DeviceKind> | null
  /** The chosen device of each kind; null leaves it to the browser. */
  chosen: Readonly<Record<DeviceKind, string | null>>
}

const KINDS: Record<MediaDeviceKind, DeviceKind> = {
  audioinput: 'microphone',
  videoinput: 'camera',
  audiooutput: 'speaker',
}
/**
 * More devices than this are not listed: a hostile virtual device driver must not fill the page.
 */
const MOST_DEVICES = 64

/** The devices the browser reports, by kind, without entries that name no device. */
export function sortDevices(found: readonly Pick<MediaDeviceInfo, 'kind' | 'deviceId' | 'label'>[]) {
  const sorted: Record<DeviceKind, Device[]> = { microphone: [], camera: [], speaker: [] }
  const present = new Set<DeviceKind>()
  for (const { kind, deviceId, label } of found.slice(0, MOST_DEVICES)) {
    present.add(KINDS[kind])
    // Before permission is given browsers list one nameless entry per kind.
    if (deviceId !== '' && label !== '') {
      sorted[KINDS[kind]].push({ id: deviceId, label })
    }
  }
  return { ...sorted, present }
}

export class DeviceList extends Cell<DeviceListState> {
  constructor() {
    super({
      microphone: [],
      camera: [],
      speaker: [],
      present: null,
      chosen: {
        microphone: rememberedChoices.read('microphone'),
        camera: rememberedChoices.read('camera'),
        speaker: rememberedChoices.read('speaker'),
      },
    })
  }

  /** Reads the list now and on every change of devices; returns what stops that. */
  watch(): () => void {
    const media = navigator.mediaDevices
    if (typeof media?.enumerateDevices !== 'function') {
      return () => undefined
    }
    const refresh = () => void this.refresh()
    refresh()
    media.addEventListener?.('devicechange', refresh)
    return () => media.removeEventListener?.('devicechange', refresh)
  }

  /** To be called when a permission was given: only then do devices have names. */
  async refresh(): Promise<void> {
    try {
      this.update(sortDevices(await navigator.mediaDevices.enumerateDevices()))
    } catch {
      // The list is a convenience; the devices in use keep working without it.
    }
  }

  choose(kind: DeviceKind, id: string): void {
    rememberedChoices.write(kind, id)
    this.update({ chosen: { ...this.getSnapshot().chosen, [kind]: id } })
  }
}

/** Whether this is a phone with a camera in front and one behind. */
export function canFlipCamera({ camera }: Pick<DeviceListState, 'camera'>): boolean {
  return isPhone() && camera.length > 1
}

/** Whether this browser lets a page choose where sound goes. */
export function canChooseSpeaker(): boolean {
  return 'setSinkId' in HTMLMediaElement.prototype
}

/**
 * Whether it is known that there is no device of this kind; without permission they are there but
 * have no names.
 */
export function isMissing({ present }: Pick<DeviceListState, 'present'>, kind: DeviceKind): boolean {
  return present !== null && !present.has(kind)
}

/** The key of what a list without entries says: why it has none, or who chooses instead. */
export function emptyListText(
  list: Pick<DeviceListState, 'present'>,
  kind: DeviceKind,
  problem: DeviceProblem | null = null,
): 'devices.denied' | 'devices.none' | 'devices.default' {
  if (kind === 'speaker') {
    return 'devices.default'
  }
  if (problem === 'denied' || problem === 'denied_by_system' || problem === 'blocked_by_embedder') {
    return 'devices.denied'
  }
  return isMissing(list, kind) ? 'devices.none' : 'devices.default'
}

/**
 * The entry a list shows as selected: the choice, if it is still there; else what is in use; else
 * the first.
 */
export function selectedDevice(devices: readonly Device[], chosen: string | null, inUse: string | null): string | null {
  for (const id of [chosen, inUse]) {
    if (id !== null && devices.some((device) => device.id === id)) {
      return id
    }
  }
  return devices[0]?.id ?? null
}
