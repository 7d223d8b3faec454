import { Mic, MicOff, Video, VideoOff } from 'lucide-react'
import { useCallback } from 'react'
import { useTranslation } from 'react-i18next'
import type { Preview as PreviewModel } from '@/call/preview'
import { useWatchable } from '@/lib/useWatchable'
import { Avatar } from '@/ui/Avatar'
import { Button } from '@/ui/Button'
import { ControlButton } from '@/ui/ControlButton'
import { VideoFrame } from '@/ui/VideoFrame'
import { LevelMeter } from './LevelMeter'

export interface PreviewProps {
  preview: PreviewModel
  /** What the person has typed so far. */
  name: string
  onTurn: (kind: 'microphone' | 'camera', isOn: boolean) => void
}

/** The person's own picture and voice before they join. */
export function Preview({ preview, name, onTurn }: PreviewProps) {
  const { t } = useTranslation()
  const { microphone, camera, isAsleep } = useWatchable(preview)
  const isMirrored = camera.track?.getSettings?.().facingMode !== 'environment'
  return (
    <section
      aria-label={t('prejoin.preview')}
      className="relative isolate aspect-video w-full overflow-hidden rounded-3xl bg-tile text-tile-ink shadow-1"
    >
      {camera.track ? (
        <Picture track={camera.track} isMirrored={isMirrored} label={t('prejoin.preview')} />
      ) : (
        <div className="absolute inset-0 flex flex-col items-center justify-center gap-3 pb-14">
          {name.trim() !== '' && <Avatar name={name} className="size-16 text-xl sm:size-24 sm:text-3xl" />}
          {isAsleep && (microphone.isOn || camera.isOn) ? (
            <Button look="primary" onClick={() => void preview.start()}>
              {t('prejoin.wake')}
            </Button>
          ) : (
            <p className="text-sm">{camera.isOpening ? t('prejoin.cameraStarting') : t('prejoin.cameraOff')}</p>
          )}
        </div>
      )}
      <div className="absolute inset-x-0 bottom-0 flex items-end justify-center gap-3 p-3 sm:p-4">
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
      </div>
      {microphone.track && (
        <div className="absolute start-3 bottom-3 flex h-12 items-center sm:start-4 sm:bottom-4">
          <span className="flex items-center gap-2 rounded-full bg-black/55 px-3 py-2.5 text-white backdrop-blur max-sm:hidden">
            <Mic className="size-4" aria-hidden="true" />
            <LevelMeter track={microphone.track} />
          </span>
        </div>
      )}
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
