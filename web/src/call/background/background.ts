/**
 * The background that this person wants, over the page's life: what is chosen, whether it can be
 * had here, and whether it failed.
 */
import { effects } from 'virtual:effects'
import { rememberedChoices } from '@/lib/storage'
import { Cell } from '@/lib/store'
import { type Background, OFF, readBackground, writeBackground } from './choice'

export interface BackgroundState {
  chosen: Background
  /** Why the camera is off: the background could not be hidden, or not fast enough. */
  trouble: 'failed' | 'slow' | null
}

class BackgroundCell extends Cell<BackgroundState> {
  constructor() {
    super({
      chosen: isBackgroundPossible() ? readBackground(rememberedChoices.read('background')) : OFF,
      trouble: null,
    })
  }

  choose(chosen: Background): void {
    rememberedChoices.write('background', writeBackground(chosen))
    this.update({ chosen, trouble: null })
  }

  /** The camera stays off, or went off, because of this. */
  report(trouble: 'failed' | 'slow'): void {
    this.update({ trouble })
  }

  dismiss(): void {
    this.update({ trouble: null })
  }

  isWanted(): boolean {
    return this.getSnapshot().chosen.kind !== 'off'
  }
}

/**
 * Whether this build and this browser can hide a background: frames are taken from the camera and
 * given back by a worker, so that a busy or hidden page does not hold them up.
 */
export function isBackgroundPossible(): boolean {
  return (
    effects !== null &&
    'MediaStreamTrackProcessor' in globalThis &&
    'MediaStreamTrackGenerator' in globalThis &&
    'OffscreenCanvas' in globalThis
  )
}

export const background = new BackgroundCell()

/** A camera is not shown or sent, because its background could not be hidden. */
export class BackgroundError extends Error {}
