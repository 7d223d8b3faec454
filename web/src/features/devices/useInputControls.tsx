import { Mic, MicOff, SwitchCamera, Video, VideoOff } from 'lucide-react'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { Inputs } from '@/call/inputs'
import { useWatchable } from '@/lib/useWatchable'
import type { ControlEntry } from '@/ui/controls'

/** The buttons of microphone and camera, with the devices to choose from beside them. */
export function useInputControls(
  inputs: Inputs,
  choices: {
    microphone: ReactNode
    camera: ReactNode
    /** The reminder with the camera's button while one does not see one's own picture. */
    cameraReminder?: string | null
  },
): [microphone: ControlEntry, camera: ControlEntry] {
  const { t } = useTranslation()
  const { microphone, camera } = useWatchable(inputs)
  const reminder = camera.isOn ? (choices.cameraReminder ?? null) : null
  return [
    {
      id: 'microphone',
      label: t(microphone.isOn ? 'devices.microphoneOff' : 'devices.microphoneOn'),
      icon: microphone.isOn ? Mic : MicOff,
      look: microphone.isOn ? 'plain' : 'off',
      order: 10,
      from: 0,
      rank: 0,
      hasWarning: microphone.problem !== null,
      isDisabled: microphone.isForbidden ?? false,
      keys: { label: t('keys.microphone'), letter: 'M', chord: 'D' },
      options: { label: t('devices.microphoneOptions'), groups: choices.microphone },
      onPress: () => inputs.toggle('microphone'),
    },
    {
      id: 'camera',
      label: t(camera.isOn ? 'devices.cameraOff' : 'devices.cameraOn'),
      icon: camera.isOn ? Video : VideoOff,
      look: camera.isOn ? 'plain' : 'off',
      order: 20,
      from: 0,
      rank: 0,
      hasWarning: camera.problem !== null,
      badge: reminder === null ? undefined : { text: '', look: 'accent', meaning: reminder },
      isDisabled: camera.isForbidden ?? false,
      keys: { label: t('keys.camera'), letter: 'V', chord: 'E' },
      options: { label: t('devices.cameraOptions'), groups: choices.camera },
      onPress: () => inputs.toggle('camera'),
    },
  ]
}

/** The button that changes between a phone's cameras. */
export function useFlipControl(inputs: Inputs): ControlEntry | null {
  const { t } = useTranslation()
  const { camera } = useWatchable(inputs)
  return camera.isOn
    ? {
        id: 'flip-camera',
        label: t('devices.flipCamera'),
        icon: SwitchCamera,
        order: 25,
        from: 500,
        rank: 30,
        onPress: () => void inputs.flipCamera(),
      }
    : null
}
