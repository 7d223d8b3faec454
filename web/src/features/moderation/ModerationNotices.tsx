import { useId } from 'react'
import { useTranslation } from 'react-i18next'
import type { Commander } from '@/call/commander'
import type { Inputs } from '@/call/inputs'
import type { Moderation } from '@/call/moderation'
import { useAnnouncement } from '@/lib/useAnnouncement'
import { useWatchable } from '@/lib/useWatchable'
import { Button } from '@/ui/Button'
import { useToast } from '@/ui/toasts'

/** Asks somebody to turn microphone or camera on, in a host's name; nothing opens by itself. */
export function UnmuteQuestion({ moderation, inputs }: { moderation: Moderation; inputs: Inputs }) {
  const { t } = useTranslation()
  const { asked } = useWatchable(moderation)
  const state = useWatchable(inputs)
  const id = useId()
  const isMicrophone = asked?.source === 'microphone'
  const isAsked = asked !== null && !state[asked.source].isOn
  const question = isAsked
    ? t(isMicrophone ? 'moderation.askedMicrophone' : 'moderation.askedCamera', {
        name: asked.by ?? t('meeting.host'),
      })
    : ''
  useAnnouncement(question)
  if (!isAsked) {
    return null
  }
  const { source } = asked
  return (
    <section
      aria-labelledby={id}
      className="flex w-full max-w-xl flex-wrap items-center gap-x-4 gap-y-2 rounded-2xl bg-accent-soft py-2 ps-4 pe-2 text-accent-ink"
    >
      <p id={id} className="min-w-40 flex-1 font-semibold text-sm">
        {question}
      </p>
      <span className="ms-auto flex gap-2">
        <Button look="quiet" className="px-3" onClick={() => moderation.forgetAsked()}>
          {t('moderation.notNow')}
        </Button>
        <Button
          look="primary"
          className="px-4"
          onClick={() => {
            moderation.forgetAsked()
            void inputs.turn(source, true)
          }}
        >
          {t(isMicrophone ? 'moderation.unmute' : 'devices.cameraOn')}
        </Button>
      </span>
    </section>
  )
}

/** Says that the server did not carry out the last command. */
export function CommandNotice({ commander }: { commander: Commander }) {
  const { t } = useTranslation()
  const { hasFailed } = useWatchable(commander)
  useToast(hasFailed ? { id: 'command', text: t('waiting.failed'), onGone: () => commander.forgetFailure() } : null)
  return null
}

/** Tells a host that the lock kept somebody out. */
export function LockNotice({ moderation }: { moderation: Moderation }) {
  const { t } = useTranslation()
  const { lockedOut } = useWatchable(moderation)
  useToast(
    lockedOut === null
      ? null
      : {
          id: 'locked-out',
          text: t('moderation.lockedOut', { name: lockedOut }),
          detail: t('moderation.lockedOutText'),
          onGone: () => moderation.forgetLockedOut(),
        },
  )
  return null
}
