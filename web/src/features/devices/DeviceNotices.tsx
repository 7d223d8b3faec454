import { useTranslation } from 'react-i18next'
import { deviceHelp, gatherProblems } from '@/call/deviceHelp'
import type { Inputs } from '@/call/inputs'
import { useWatchable } from '@/lib/useWatchable'
import { Notice } from '@/ui/Notice'
import { useToast } from '@/ui/toasts'

/** Problems of microphone and camera during a meeting, and what to do about them. */
export function DeviceNotices({ inputs }: { inputs: Inputs }) {
  const { t } = useTranslation()
  const { microphone, camera } = useWatchable(inputs)
  return gatherProblems({ microphone: microphone.problem, camera: camera.problem }).map(({ problem, affected }) => {
    const help = deviceHelp(problem, affected)
    const kinds = affected === 'both' ? (['microphone', 'camera'] as const) : [affected]
    const each = (act: (kind: 'microphone' | 'camera') => void) => {
      for (const kind of kinds) {
        act(kind)
      }
    }
    return (
      <div key={affected} className="w-full max-w-lg">
        <Notice
          title={t(help.title)}
          text={t(help.text)}
          dismiss={{ label: t('devices.dismiss'), onClick: () => each((kind) => inputs.dismissProblem(kind)) }}
        >
          <button
            type="button"
            className="min-h-11 font-semibold underline underline-offset-4"
            onClick={() => each((kind) => void inputs.turn(kind, true))}
          >
            {t('devices.tryAgain')}
          </button>
        </Notice>
      </div>
    )
  })
}

/** Names of the texts for each kind of input, by what has become of it. */
const TURNED_OFF = {
  microphone: {
    title: 'notice.muted',
    titleBy: 'moderation.mutedBy',
    text: 'notice.mutedText',
    forbidden: 'moderation.microphonesOff',
    forbiddenText: 'moderation.microphonesOffText',
    again: 'moderation.mayUnmute',
  },
  camera: {
    title: 'notice.cameraOff',
    titleBy: 'moderation.cameraOffBy',
    text: 'notice.cameraOffText',
    forbidden: 'moderation.camerasOff',
    forbiddenText: 'moderation.camerasOffText',
    again: 'moderation.mayTurnCameraOn',
  },
} as const

interface TurnedOffProps {
  inputs: Inputs
  /** The host who did it, by name; null where that is not known. */
  by: Readonly<Record<'microphone' | 'camera', string | null>>
}

/**
 * Says at once, to eyes and ears, that somebody else turned microphone or camera off, or that it
 * may be turned on again. What stays forbidden stays told.
 */
export function TurnedOffNotice(props: TurnedOffProps) {
  return (
    <>
      <TurnedOff kind="microphone" {...props} />
      <TurnedOff kind="camera" {...props} />
    </>
  )
}

function TurnedOff({ kind, inputs, by }: TurnedOffProps & { kind: 'microphone' | 'camera' }) {
  const { t } = useTranslation()
  const { isOn, wasTurnedOff, isForbidden = false, isAllowedAgain = false } = useWatchable(inputs)[kind]
  const { title, titleBy, text, forbidden, forbiddenText, again } = TURNED_OFF[kind]
  const name = by[kind]
  const isTold = (wasTurnedOff || isAllowedAgain) && !isOn
  const turnedOff = name === null ? t(title) : t(titleBy, { name })
  const onGone = () => inputs.dismissProblem(kind)
  const button = {
    label: t(kind === 'microphone' ? 'devices.microphoneOn' : 'devices.cameraOn'),
    onPress: () => void inputs.turn(kind, true),
  }
  useToast(
    !isTold || isForbidden
      ? null
      : isAllowedAgain
        ? { id: `may-${kind}`, text: t(again), button, onGone }
        : { id: `off-${kind}`, text: turnedOff, detail: t(text), isUrgent: true, button, onGone },
  )
  return isTold && isForbidden ? (
    <div className="w-full max-w-lg">
      <Notice
        isUrgent
        title={t(forbidden)}
        text={t(forbiddenText)}
        dismiss={{ label: t('devices.dismiss'), onClick: () => inputs.dismissProblem(kind) }}
      />
    </div>
  ) : null
}
