import { useEffect, useRef, useState } from 'react'
import type { Size } from '@/call/grid'
import type { TileOrder } from '@/call/order'
import type { Speech } from '@/call/speech'
import { followLarge, type LargeChoice, stagePlan, type TurnedPages } from '@/call/stagePlan'
import { useFrameHeight } from '@/lib/useFrameHeight'
import { useWatchable } from '@/lib/useWatchable'
import type { StageChoiceCell } from './choices'
import type { StageTile } from './stageTile'
import { useSpeaker } from './useSpeaker'

export interface StagePlanInputs {
  tiles: readonly StageTile[]
  speech: Speech
  choices: StageChoiceCell
  space: Size
  hasExtra: boolean
  /** Tiles that a host shows to everybody, by id. */
  spotlight: readonly string[]
}

/** The plan of the stage, over time: it keeps the order, the pages and what is looked at. */
export function useStagePlan({ tiles, speech, choices, space, hasExtra, spotlight }: StagePlanInputs) {
  const { heard } = useWatchable(speech)
  const { layout, own, isStripHidden, pinned } = useWatchable(choices)
  const ownId = tiles.find(({ isOwnPicture }) => isOwnPicture)?.participantId ?? null
  const speaker = useSpeaker(speech, ownId)
  const [page, setPage] = useState<TurnedPages>({ grid: 0, sidebar: 0, single: null })
  const height = useFrameHeight()
  const room = height === 'least' ? 'single' : height
  const [, drawAgain] = useState(0)
  const large = useRef<LargeChoice>({ seen: [], chosen: [] })
  const previous = useRef<TileOrder>([])
  const wishes = tiles.filter(({ isLarge }) => isLarge).map(({ id }) => id)
  const newest = wishes.at(-1)
  // A new screen is shown once, whatever one has turned to.
  useEffect(() => {
    setPage((now) => (newest === undefined || now.single === null ? now : { ...now, single: null }))
  }, [newest])
  // Following, and ordering, the same again changes nothing, so drawing twice is harmless.
  large.current = followLarge(large.current, wishes)
  const plan = stagePlan({
    tiles: tiles.map(({ id, participantId, isLocal, isLarge, isOwnPicture = false }) => ({
      id,
      isLocal,
      isLarge,
      isOwnPicture,
      isHeard: participantId !== null && heard.has(participantId),
      isSpeaking: participantId !== null && speech.isSpeaking(participantId),
      lastSpokeAt: participantId === null ? 0 : speech.lastSpokeAt(participantId),
    })),
    previous: previous.current,
    layout,
    space,
    page,
    room,
    hasExtra,
    pinned,
    spotlight,
    speaker,
    chosen: large.current.chosen,
    own,
    isStripHidden,
  })
  previous.current = plan.order
  return {
    plan,
    turn: (by: -1 | 1) => {
      const next = Math.min(plan.pages.length - 1, Math.max(0, plan.page + by))
      const turned = plan.kind === 'single' ? (plan.pages[next]?.[0] ?? null) : next
      setPage((now) => ({ ...now, [plan.kind]: turned }))
    },
    chooseLarge: (ids: readonly string[]) => {
      large.current = { ...large.current, chosen: ids }
      drawAgain((times) => times + 1)
    },
  }
}
