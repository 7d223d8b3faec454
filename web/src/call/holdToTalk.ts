/**
 * Talking for as long as a key is held. Everything that could leave a microphone open ends it: the
 * key is let go, the window or the page goes away, the connection is lost, or two minutes pass.
 */
import { Cell } from '@/lib/store'
import type { Inputs } from './inputs'
import type { Visit } from './visit'

/** Nobody holds a key for longer on purpose. */
export const LONGEST_MS = 120_000

export interface HoldState {
  isHeld: boolean
}

export interface HoldToTalkOptions {
  inputs: Pick<Inputs, 'getSnapshot' | 'subscribe' | 'hold'>
  visit: Pick<Visit, 'isConnected' | 'subscribe'>
}

export class HoldToTalk extends Cell<HoldState> {
  readonly #inputs: HoldToTalkOptions['inputs']
  readonly #visit: HoldToTalkOptions['visit']
  #timer: number | undefined

  constructor({ inputs, visit }: HoldToTalkOptions) {
    super({ isHeld: false })
    this.#inputs = inputs
    this.#visit = visit
    visit.subscribe(() => !visit.isConnected() && this.release())
    inputs.subscribe(() => {
      // Muted by somebody else, or by another key, or not opened: there is nothing left to end.
      if (this.getSnapshot().isHeld && !inputs.getSnapshot().microphone.isOn) {
        this.release()
      }
    })
  }

  /** The key went down. Says whether it is used: not by somebody who is heard already. */
  press(): boolean {
    const { isOn, isForbidden = false } = this.#inputs.getSnapshot().microphone
    if (this.getSnapshot().isHeld) {
      return true
    }
    if (isOn || isForbidden || !this.#visit.isConnected()) {
      return false
    }
    this.#timer = window.setTimeout(() => this.release(), LONGEST_MS)
    void this.#inputs.hold(true)
    this.update({ isHeld: true })
    return true
  }

  /** The key went up, or nobody can tell any more whether it did. */
  release(): void {
    if (this.getSnapshot().isHeld) {
      window.clearTimeout(this.#timer)
      this.update({ isHeld: false })
      void this.#inputs.hold(false)
    }
  }
}
