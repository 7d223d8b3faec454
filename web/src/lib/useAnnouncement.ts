import { useEffect } from 'react'
import { announcer } from './announcer'

/** Has this sentence read out when it is new; an empty one says nothing. */
export function useAnnouncement(sentence: string, isUrgent = false): void {
  useEffect(() => {
    if (isUrgent && sentence !== '') {
      announcer.interrupt(sentence)
    } else {
      announcer.say(sentence)
    }
  }, [sentence, isUrgent])
}
