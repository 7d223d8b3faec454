import { useTranslation } from 'react-i18next'
import type { MicrophoneSound } from '@/call/microphoneSound'
import { preferences } from '@/lib/preferences'
import { useWatchable } from '@/lib/useWatchable'
import { Switch } from '@/ui/Switch'

/** The sound of one's microphone, as a part of the settings. */
export function SoundSettings({ sound }: { sound: MicrophoneSound }) {
  const { t } = useTranslation()
  const { hasOriginalSound, hasNoiseReduction, tellsMutedSpeech } = useWatchable(preferences)
  const { hasFailed } = useWatchable(sound)
  return (
    <>
      <Switch
        label={t('sound.noise')}
        text={t(hasOriginalSound ? 'sound.noiseNotOriginal' : 'sound.noiseText')}
        isOn={hasNoiseReduction && !hasOriginalSound}
        isDisabled={hasOriginalSound}
        onChange={(isOn) => preferences.setNoiseReduction(isOn)}
      />
      {hasFailed && (
        <p role="alert" className="pb-2 text-danger-ink text-sm">
          {t('sound.noiseFailed')}
        </p>
      )}
      <Switch
        label={t('sound.original')}
        text={t('sound.originalText')}
        isOn={hasOriginalSound}
        onChange={(isOn) => preferences.setOriginalSound(isOn)}
      />
      <Switch
        label={t('sound.tellMuted')}
        isOn={tellsMutedSpeech}
        onChange={(isOn) => preferences.setTellsMutedSpeech(isOn)}
      />
    </>
  )
}
