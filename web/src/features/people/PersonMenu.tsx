import { Crown, EllipsisVertical, Hand, Mic, MicOff, MonitorX, Sparkles, UserX, Video, VideoOff } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { Hands } from '@/call/hands'
import type { Moderation } from '@/call/moderation'
import type { ParticipantView } from '@/call/participants'
import { useWatchable } from '@/lib/useWatchable'
import { Menu, MenuItem, MenuLine } from '@/ui/Menu'

interface PersonMenuProps {
  view: ParticipantView
  sharesScreen: boolean
  moderation: Moderation
  hands: Hands
}

/** The actions of a host on one person. */
export function PersonMenu({ view, sharesScreen, moderation, hands }: PersonMenuProps) {
  const { t } = useTranslation()
  const { guestsMay, allowed, spotlight } = useWatchable(moderation)
  useWatchable(hands)
  const { id, shownName, isMuted, isHost, camera } = view
  const isLetSpeak = allowed.get(id)?.includes('microphone') ?? false
  return (
    <Menu
      side="bottom"
      align="end"
      trigger={
        <button
          type="button"
          aria-label={t('moderation.options', { name: shownName })}
          className="-me-3 flex size-11 shrink-0 items-center justify-center rounded-xl text-muted hover:bg-hover hover:text-ink"
        >
          <EllipsisVertical className="size-5" aria-hidden="true" />
        </button>
      }
    >
      {isMuted ? (
        <MenuItem icon={Mic} onClick={() => moderation.askToUnmute(id, 'microphone')}>
          {t('moderation.askMicrophone')}
        </MenuItem>
      ) : (
        <MenuItem icon={MicOff} onClick={() => moderation.mute(id, 'microphone')}>
          {t('moderation.mute')}
        </MenuItem>
      )}
      {camera === null ? (
        <MenuItem icon={Video} onClick={() => moderation.askToUnmute(id, 'camera')}>
          {t('moderation.askCamera')}
        </MenuItem>
      ) : (
        <MenuItem icon={VideoOff} onClick={() => moderation.mute(id, 'camera')}>
          {t('devices.cameraOff')}
        </MenuItem>
      )}
      {sharesScreen && (
        <MenuItem icon={MonitorX} onClick={() => moderation.mute(id, 'screen_share')}>
          {t('moderation.stopShare')}
        </MenuItem>
      )}
      {hands.placeOf(id) !== null && (
        <MenuItem icon={Hand} onClick={() => hands.lower(id)}>
          {t('hands.lower')}
        </MenuItem>
      )}
      {!isHost && (!guestsMay.microphone || isLetSpeak) && (
        <MenuItem icon={Mic} onClick={() => moderation.letSpeak(id, !isLetSpeak)}>
          {t(isLetSpeak ? 'moderation.letSpeakNoMore' : 'moderation.letSpeak')}
        </MenuItem>
      )}
      <MenuItem icon={Sparkles} onClick={() => moderation.spotlight(id, !spotlight.includes(id))}>
        {t(spotlight.includes(id) ? 'moderation.spotlightEnd' : 'moderation.spotlight')}
      </MenuItem>
      {!isHost && (
        <MenuItem icon={Crown} onClick={() => moderation.makeHost(id)}>
          {t('moderation.makeHost')}
        </MenuItem>
      )}
      <MenuLine />
      <MenuItem icon={UserX} look="danger" onClick={() => moderation.askToRemove({ id, name: shownName })}>
        {t('moderation.remove')}
      </MenuItem>
    </Menu>
  )
}
