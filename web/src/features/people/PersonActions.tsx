import { Crown, Hand, Mic, MicOff, MonitorX, Sparkles, UserX, Video, VideoOff, Volume2 } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { Hands } from '@/call/hands'
import type { Moderation } from '@/call/moderation'
import type { Participant } from '@/call/participants'
import type { Volumes } from '@/call/volumes'
import { useWatchable } from '@/lib/useWatchable'
import { MenuItem, MenuLine } from '@/ui/Menu'

interface ActionsProps {
  participant: Participant
  moderation: Moderation
  hands: Hands
  volumes: Volumes
}

/**
 * The actions on a person, as entries of a menu: the same in the list of people and on their tile.
 * Everybody can set how loud they hear others; the rest is for hosts.
 */
export function PersonActions({ participant, moderation, hands, volumes }: ActionsProps) {
  const { t } = useTranslation()
  const { isHost: canModerate, spotlight } = useWatchable(moderation)
  const { id, isLocal, isHost, shownName } = useWatchable(participant.view)
  const isSpotlit = spotlight.includes(id)
  return (
    <>
      {canModerate && !isLocal && <InputActions participant={participant} moderation={moderation} hands={hands} />}
      {!isLocal && <VolumeItem id={id} name={shownName} volumes={volumes} />}
      {canModerate && (
        <MenuItem icon={Sparkles} onClick={() => moderation.spotlight(id, !isSpotlit)}>
          {t(isSpotlit ? 'moderation.spotlightEnd' : 'moderation.spotlight')}
        </MenuItem>
      )}
      {canModerate && !isLocal && (
        <>
          {!isHost && (
            <MenuItem icon={Crown} onClick={() => moderation.makeHost(id)}>
              {t('moderation.makeHost')}
            </MenuItem>
          )}
          <MenuLine />
          <MenuItem icon={UserX} look="danger" onClick={() => moderation.askToRemove({ id, name: shownName })}>
            {t('moderation.remove')}
          </MenuItem>
        </>
      )}
    </>
  )
}

/** The actions on somebody's shared screen. */
export function ScreenActions({ participant, moderation, volumes }: Omit<ActionsProps, 'hands'>) {
  const { t } = useTranslation()
  const { isHost: canModerate } = useWatchable(moderation)
  const { id, shownName } = useWatchable(participant.view)
  const screen = `${id}:screen`
  return (
    <>
      {volumes.hasSound(screen) && (
        <VolumeItem id={screen} name={t('stage.screenOf', { name: shownName })} volumes={volumes} />
      )}
      {canModerate && <StopShareItem id={id} moderation={moderation} />}
    </>
  )
}

/** Actions on what a person sends, and on whether they may and want to. */
function InputActions({ participant, moderation, hands }: Omit<ActionsProps, 'volumes'>) {
  const { t } = useTranslation()
  const { guestsMay, allowed } = useWatchable(moderation)
  useWatchable(hands)
  const { id, isMuted, isHost, camera } = useWatchable(participant.view)
  const isLetSpeak = allowed.get(id)?.includes('microphone') ?? false
  return (
    <>
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
      {participant.sharesScreen && <StopShareItem id={id} moderation={moderation} />}
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
    </>
  )
}

function StopShareItem({ id, moderation }: { id: string; moderation: Moderation }) {
  const { t } = useTranslation()
  return (
    <MenuItem icon={MonitorX} onClick={() => moderation.mute(id, 'screen_share')}>
      {t('moderation.stopShare')}
    </MenuItem>
  )
}

function VolumeItem({ id, name, volumes }: { id: string; name: string; volumes: Volumes }) {
  const { t } = useTranslation()
  return (
    <MenuItem icon={Volume2} onClick={() => volumes.ask({ id, name })}>
      {t('volume.title')}
    </MenuItem>
  )
}
