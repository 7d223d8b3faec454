import { useEffect, useRef } from 'react'
import type { Lobby } from '@/call/lobby'
import { playSound } from '@/lib/sounds'
import { useWatchable } from '@/lib/useWatchable'

/** Two sounds are at least so far apart, however many people come. */
const LEAST_PAUSE_MS = 10_000
/** Without an answer it knocks once more. */
const AGAIN_AFTER_MS = 60_000

/**
 * Lets a host hear that somebody waits, and see it in the title of the tab: "(2) Weekly".
 * `isPresenting`: the others would hear it, too, so there is no sound.
 */
export function useKnocking(lobby: Lobby, isPresenting: boolean): void {
  const { people } = useWatchable(lobby)
  const known = useRef<ReadonlySet<string>>(new Set())
  const lastKnock = useRef(Number.NEGATIVE_INFINITY)
  const count = people.length

  useEffect(() => {
    const isNews = people.some(({ participant_id: id }) => !known.current.has(id))
    known.current = new Set(people.map(({ participant_id: id }) => id))
    if (people.length === 0 || isPresenting) {
      return
    }
    const knock = () => {
      lastKnock.current = performance.now()
      playSound('knock')
    }
    if (isNews && performance.now() - lastKnock.current >= LEAST_PAUSE_MS) {
      knock()
    }
    const timer = window.setTimeout(knock, AGAIN_AFTER_MS)
    return () => window.clearTimeout(timer)
  }, [people, isPresenting])

  useEffect(() => {
    if (count === 0) {
      return
    }
    const title = document.title.replace(/^\(\d+\) /, '')
    document.title = `(${count}) ${title}`
    return () => {
      document.title = document.title.replace(/^\(\d+\) /, '')
    }
  }, [count])
}
