import { useTranslation } from 'react-i18next'
import type { Inputs } from '@/call/inputs'
import type { MutedSpeech } from '@/call/mutedSpeech'
import { preferences } from '@/lib/preferences'
import { useWatchable } from '@/lib/useWatchable'
import { useToast } from '@/ui/toasts'

/** Tells somebody who speaks that nobody hears them. */
export function MutedSpeechNotice({ speech, inputs }: { speech: MutedSpeech; inputs: Inputs }) {
  const { t } = useTranslation()
  const { isNoticed } = useWatchable(speech)
  const { hasLetterKeys } = useWatchable(preferences)
  useToast(
    isNoticed
      ? {
          id: 'muted-speech',
          text: t('sound.mutedSpeech', { key: hasLetterKeys ? 'M' : 'Ctrl+D' }),
          button: { label: t('devices.microphoneOn'), onPress: () => void inputs.turn('microphone', true) },
          onGone: () => speech.dismiss(),
        }
      : null,
  )
  return null
}
