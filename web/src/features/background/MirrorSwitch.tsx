import { useTranslation } from 'react-i18next'
import { preferences } from '@/lib/preferences'
import { useWatchable } from '@/lib/useWatchable'
import { Switch } from '@/ui/Switch'

/** Whether one sees oneself as in a mirror. */
export function MirrorSwitch() {
  const { t } = useTranslation()
  const { mirrorsVideo } = useWatchable(preferences)
  return (
    <Switch
      label={t('background.mirror')}
      text={t('background.mirrorText')}
      isOn={mirrorsVideo}
      onChange={(isOn) => preferences.setMirrorsVideo(isOn)}
    />
  )
}
