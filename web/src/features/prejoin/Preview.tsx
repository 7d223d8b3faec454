import { Mic, MicOff, SwitchCamera, Video, VideoOff } from 'lucide-react'
import { useCallback } from 'react'
import { useTranslation } from 'react-i18next'
import type { Preview as PreviewModel } from '@/call/preview'
import { preferences } from '@/lib/preferences'
import { useAnnouncement } from '@/lib/useAnnouncement'
import { useWatchable } from '@/lib/useWatchable'
import { Avatar } from '@/ui/Avatar'
import { Button } from '@/ui/Button'
import { ControlButton } from '@/ui/ControlButton'
import { VideoFrame } from '@/ui/VideoFrame'
import { LevelMeter } from './LevelMeter'
import { useShownTrack } from './useShownTrack'

export interface PreviewProps {
  preview: PreviewModel
  /** The name as typed so far. */
  name: string
  onTurn: (kind: 'microphone' | 'camera', isOn: boolean) => void
  /** Whether there is a camera in front and one behind. */
  canFlip?: boolean
  /** Hears when the microphone gives nothing at all. Must keep its identity. */
  onSilence?: (isSilent: boolean) => void
}

const ASKING = {
  both: 'prejoin.askingBoth',
  camera: 'prejoin.askingCamera',
  microphone: 'prejoin.askingMicrophone',
} as const

const ignore = () => undefined

/** The person's own picture and voice before they join. */
export function Preview({ preview, name, onTurn, canFlip = false, onSilence = ignore }: PreviewProps) {
  const { t } = useTranslation()
  const { microphone, camera, isAsleep, asking, asksLong } = useWatchable(preview)
  const shown = useShownTrack(camera.track, () => onTurn('camera', false))
  useAnnouncement(asking === null ? '' : t(ASKING[asking]))
  useAnnouncement(asksLong ? t('prejoin.askingLong') : '')
  const { mirrorsVideo } = useWatchable(preferences)
  const isMirrored = mirrorsVideo && camera.track?.getSettings?.().facingMode !== 'environment'
  return (
    <section
      aria-label={t('prejoin.preview')}
      className="@container relative isolate aspect-video w-full overflow-hidden rounded-3xl bg-tile text-tile-ink shadow-1"
    >
      {shown ? (
        <Picture track={shown} isMirrored={isMirrored} label={t('prejoin.preview')} />
      ) : (
        <div className="absolute inset-0 flex flex-col items-center justify-center gap-3 pb-14">
          {name.trim() !== '' && <Avatar name={name} className="size-16 text-xl sm:size-24 sm:text-3xl" />}
          {isAsleep && (microphone.isOn || camera.isOn) ? (
            <Button look="primary" onClick={() => void preview.start()}>
              {t('prejoin.wake')}
            </Button>
          ) : (
            <div className="max-w-md text-balance px-4 text-center text-sm">
              {asking === null ? (
                <p>{camera.isOpening || camera.track ? t('prejoin.cameraStarting') : t('prejoin.cameraOff')}</p>
              ) : (
                <p className="font-semibold">{t(ASKING[asking])}</p>
              )}
              {asksLong && <p className="mt-1">{t('prejoin.askingLong')}</p>}
            </div>
          )}
        </div>
      )}
      <div className="absolute inset-x-0 bottom-0 grid grid-cols-[minmax(max-content,1fr)_auto_minmax(0,1fr)] items-center gap-2 p-3 sm:p-4">
        <span>
          {microphone.track && (
            <span className="flex w-max items-center gap-2 rounded-full bg-black/55 px-2.5 py-2.5 text-white backdrop-blur">
              <Mic className="@max-md:hidden size-4" aria-hidden="true" />
              <LevelMeter track={microphone.track} onSilence={onSilence} />
            </span>
          )}
        </span>
        <div className="flex gap-3">
          <ControlButton
            icon={microphone.isOn ? Mic : MicOff}
            label={t(microphone.isOn ? 'devices.microphoneOff' : 'devices.microphoneOn')}
            look={microphone.isOn ? 'overlay' : 'overlay-off'}
            isBusy={microphone.isOpening}
            hasWarning={microphone.problem !== null}
            onClick={() => onTurn('microphone', !microphone.isOn)}
          />
          <ControlButton
            icon={camera.isOn ? Video : VideoOff}
            label={t(camera.isOn ? 'devices.cameraOff' : 'devices.cameraOn')}
            look={camera.isOn ? 'overlay' : 'overlay-off'}
            isBusy={camera.isOpening}
            hasWarning={camera.problem !== null}
            onClick={() => onTurn('camera', !camera.isOn)}
          />
          {canFlip && camera.isOn && (
            <ControlButton
              icon={SwitchCamera}
              label={t('devices.flipCamera')}
              look="overlay"
              onClick={() => void preview.flipCamera()}
            />
          )}
        </div>
      </div>
    </section>
  )
}

function Picture({ track, isMirrored, label }: { track: MediaStreamTrack; isMirrored: boolean; label: string }) {
  const attach = useCallback(
    (element: HTMLVideoElement) => {
      element.srcObject = new MediaStream([track])
      return () => {
        element.srcObject = null
      }
    },
    [track],
  )
  return <VideoFrame attach={attach} isMirrored={isMirrored} label={label} />
}
