import { useTranslation } from 'react-i18next'
import { browserFamily } from '@/call/browser'
import type { Share, ShareProblem } from '@/call/share'
import { useWatchable } from '@/lib/useWatchable'
import { Notice } from '@/ui/Notice'
import { useToast } from '@/ui/toasts'

/** The notices about one's own share: why there is none, or no sound, or another one instead. */
export function ShareNotices({ share }: { share: Share }) {
  const { t } = useTranslation()
  const { problem, waitsFor, isSoundLeftOut, replacedBy } = useWatchable(share)
  useToast(
    replacedBy === null
      ? null
      : {
          id: 'share-replaced',
          text: t('share.replacedBy', { name: replacedBy.name ?? t('meeting.host') }),
          detail: t('share.stopped'),
          onGone: () => share.forgetReplaced(),
        },
  )
  const dismiss = { label: t('devices.dismiss'), onClick: () => share.dismiss() }
  return (
    <>
      {problem !== null && (
        <div className="w-full max-w-lg">
          {waitsFor === null ? (
            <Notice title={t(TITLES[problem])} text={t(textOf(problem))} dismiss={dismiss} />
          ) : (
            <Notice
              title={t('share.waitTitle', { name: waitsFor })}
              text={t('share.waitText', { name: waitsFor })}
              dismiss={dismiss}
            />
          )}
        </div>
      )}
      {isSoundLeftOut && (
        <div className="w-full max-w-lg">
          <Notice title={t('share.noSound')} text={t('share.noSoundText')} dismiss={dismiss} />
        </div>
      )}
    </>
  )
}

const TITLES = {
  denied_by_system: 'share.denied',
  blocked_by_embedder: 'share.denied',
  failed: 'share.failed',
  limit: 'share.limit',
  stopped: 'share.stopped',
} as const

function textOf(problem: ShareProblem) {
  switch (problem) {
    case 'denied_by_system':
      return /Macintosh/.test(navigator.userAgent) && browserFamily(navigator.userAgent, 0) !== 'ios'
        ? 'share.deniedMac'
        : 'share.deniedText'
    case 'blocked_by_embedder':
      return 'problem.help.blocked_by_embedder'
    case 'failed':
      return 'share.failedText'
    case 'limit':
      return 'share.limitText'
    case 'stopped':
      return 'share.stoppedText'
  }
}
