import { ScreenShare, ScreenShareOff } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { canCaptureScreen } from '@/call/screenCapture'
import type { Share } from '@/call/share'
import { useWatchable } from '@/lib/useWatchable'
import type { ControlEntry } from '@/ui/controls'
import { MenuChoice } from '@/ui/Menu'

/** Below this width of the page no share begins; one that has begun goes on. */
const FROM = 500

/**
 * The button that shares one's screen, or stops it: then beside the button that leaves, at every
 * width, for as long as it lasts. Null where one may not share, or the browser cannot.
 */
export function useShareControl(share: Share): ControlEntry | null {
  const { t } = useTranslation()
  const { phase, isAllowed } = useWatchable(share)
  const keys = { label: t('keys.share'), letter: 'S', chord: 'S', withAlt: true }
  const options = { label: t('share.options'), groups: <KindChoice share={share} /> }
  if (phase === 'on') {
    return {
      id: 'share',
      label: t('share.stop'),
      icon: ScreenShareOff,
      look: 'off',
      order: 99,
      from: 0,
      rank: 0,
      textFrom: 700,
      isEnding: true,
      keys,
      onPress: () => share.stop(),
    }
  }
  if (!isAllowed || !canCaptureScreen()) {
    return null
  }
  return {
    id: 'share',
    label: t('share.start'),
    icon: ScreenShare,
    order: 40,
    from: FROM,
    hiddenBelow: FROM,
    rank: 30,
    keys,
    options,
    isBusy: phase === 'asking',
    onPress: () => void share.start(),
  }
}

/** The choice of the kind of content, text or video: it favours sharpness or motion. */
export function KindChoice({ share }: { share: Share }) {
  const { t } = useTranslation()
  const { choice, kind, phase } = useWatchable(share)
  return (
    <MenuChoice
      label={t('share.kind')}
      value={phase === 'on' ? kind : choice}
      options={[
        { value: 'text', label: t('share.text') },
        { value: 'video', label: t('share.video') },
      ]}
      emptyText=""
      onChoose={(value) => void share.choose(value === 'video' ? 'video' : 'text')}
    />
  )
}
