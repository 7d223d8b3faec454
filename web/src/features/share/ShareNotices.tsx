import { useTranslation } from 'react-i18next'
import { browserFamily } from '@/call/browser'
import type { Share, ShareProblem } from '@/call/share'
import { useWatchable } from '@/lib/useWatchable'
import { Notice } from '@/ui/Notice'

/** The notices about one's own share: why there is none, or why it has no sound. */
export function ShareNotices({ share }: { share: Share }) {
  const { t } = useTranslation()
  const { problem, isSoundLeftOut } = useWatchable(share)
  const dismiss = { label: t('devices.dismiss'), onClick: () => share.dismiss() }
  return (
    <>
      {problem !== null && (
        <div className="w-full max-w-lg">
          <Notice title={t(TITLES[problem])} text={t(textOf(problem))} dismiss={dismiss} />
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
