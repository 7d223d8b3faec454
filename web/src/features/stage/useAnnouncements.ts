import { type Participant, type Room, RoomEvent } from 'livekit-client'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { type Comings, NOBODY, noteJoin, noteLeave } from './comings'

const GATHER_MS = 700
const SHOW_MS = 4000

/** The sentence to show and read out about who came and went; empty when there is no news. */
export function useAnnouncements(room: Room): string {
  const { t } = useTranslation()
  const [comings, setComings] = useState<Comings>(NOBODY)

  useEffect(() => {
    let gathered: Comings = NOBODY
    let timer: number | undefined
    const publish = () => {
      setComings(gathered)
      gathered = NOBODY
      timer = window.setTimeout(() => setComings(NOBODY), SHOW_MS)
    }
    const gather = (note: typeof noteJoin) => (participant: Participant) => {
      if (gathered === NOBODY) {
        window.clearTimeout(timer)
        timer = window.setTimeout(publish, GATHER_MS)
      }
      gathered = note(gathered, participant.name || participant.identity)
    }
    const onJoin = gather(noteJoin)
    const onLeave = gather(noteLeave)
    room.on(RoomEvent.ParticipantConnected, onJoin).on(RoomEvent.ParticipantDisconnected, onLeave)
    return () => {
      window.clearTimeout(timer)
      room.off(RoomEvent.ParticipantConnected, onJoin).off(RoomEvent.ParticipantDisconnected, onLeave)
    }
  }, [room])

  const { joined, left } = comings
  return [
    joined.length === 1 && t('announce.joined', { name: joined[0] }),
    joined.length > 1 && t('announce.manyJoined', { count: joined.length }),
    left.length === 1 && t('announce.left', { name: left[0] }),
    left.length > 1 && t('announce.manyLeft', { count: left.length }),
  ]
    .filter((sentence) => sentence !== false)
    .join(' · ')
}
