import { useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import type { Participants } from '@/call/participants'
import { playSound } from '@/lib/sounds'
import { toasts } from '@/ui/toasts'
import { type Comings, NOBODY, noteJoin, noteLeave } from './comings'

const GATHER_MS = 700
/** With more people inside, one sees who comes and goes, and hears nothing. */
const MOST_HEARD = 5

/** Tells who came and went, among few people with a sound, too; a crowd is one sentence. */
export function useComings(participants: Participants): void {
  const { t } = useTranslation()
  const words = useRef(t)
  words.current = t

  useEffect(() => {
    let gathered: Comings = NOBODY
    let timer: number | undefined
    const publish = () => {
      const { joined, left } = gathered
      gathered = NOBODY
      const text = [
        joined.length === 1 && words.current('announce.joined', { name: joined[0] }),
        joined.length > 1 && words.current('announce.manyJoined', { count: joined.length }),
        left.length === 1 && words.current('announce.left', { name: left[0] }),
        left.length > 1 && words.current('announce.manyLeft', { count: left.length }),
      ]
        .filter((sentence) => sentence !== false)
        .join(' · ')
      if (text !== '') {
        toasts.show({ id: 'comings', text })
        if (participants.getSnapshot().all.length <= MOST_HEARD) {
          playSound(joined.length > 0 ? 'join' : 'leave')
        }
      }
    }
    const gather = (note: typeof noteJoin) => (name: string) => {
      if (gathered === NOBODY) {
        window.clearTimeout(timer)
        timer = window.setTimeout(publish, GATHER_MS)
      }
      gathered = note(gathered, name)
    }
    const stop = participants.watchComings(gather(noteJoin), gather(noteLeave))
    return () => {
      window.clearTimeout(timer)
      stop()
    }
  }, [participants])
}
