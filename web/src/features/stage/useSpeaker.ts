import { useEffect, useRef, useState } from 'react'
import { followSpeaker, type Spotlit } from '@/call/speaker'
import type { Speech } from '@/call/speech'
import { useWatchable } from '@/lib/useWatchable'

/**
 * The id of who is large where the layout follows who speaks; null before anybody has spoken.
 * @param ownId oneself, who never is
 */
export function useSpeaker(speech: Speech, ownId: string | null): string | null {
  const { heard } = useWatchable(speech)
  const spotlit = useRef<Spotlit | null>(null)
  const [, lookAgain] = useState(0)
  const now = performance.now()
  const step = followSpeaker(
    spotlit.current,
    [...heard].filter((id) => id !== ownId),
    now,
  )
  // Following the same again changes nothing, so drawing twice is harmless.
  spotlit.current = step.spotlit
  const { lookAt } = step
  useEffect(() => {
    if (lookAt === null) {
      return
    }
    const timer = window.setTimeout(() => lookAgain((times) => times + 1), Math.max(1, lookAt - performance.now()))
    return () => window.clearTimeout(timer)
  }, [lookAt])
  return step.spotlit?.id ?? null
}
