import type { ReactNode } from 'react'

/**
 * Something on the stage, as a value. Whoever adds a kind of tile adds such values and changes
 * nothing here.
 */
export interface StageTile {
  id: string
  /** Whose it is; null for what belongs to everybody. */
  participantId: string | null
  isLocal: boolean
  /** Whether it wants the large place. */
  isLarge: boolean
  /** Whether it is one's own camera picture. */
  isOwnPicture?: boolean
  /** Its name in its menu and among the tabs. */
  name: string
  /** Whose screen it is: what its tab shows, beside a picture of a screen. */
  screenOf?: string
  /** The entries of its menu besides pinning. */
  menu?: ReactNode
  content: ReactNode
}
