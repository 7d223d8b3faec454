/** The short notices in the corner of the stage, from every feature. */
import { useEffect, useRef } from 'react'
import { announcer } from '@/lib/announcer'
import { Cell } from '@/lib/store'

export interface Toast {
  /** Another one with the same id takes its place. */
  id: string
  text: string
  /** More, in at most two lines. */
  detail?: string
  /** The sentence that is read out in place of `text`; empty: none. */
  spoken?: string
  /** Whether what is read out interrupts. */
  isUrgent?: boolean
  button?: { label: string; onPress: () => void }
  /** It went by itself, or was put away. */
  onGone?: () => void
}

export const MOST_SHOWN = 2
export const SHOWN_MS = 5000
export const WITH_BUTTON_MS = 10_000

export class Toasts extends Cell<{ shown: readonly Toast[] }> {
  readonly #timers = new Map<string, number>()
  #isHeld = false

  constructor() {
    super({ shown: [] })
  }

  /** Shows it and has it read out. With too many, the oldest goes. */
  show(toast: Toast): void {
    const others = this.getSnapshot().shown.filter(({ id }) => id !== toast.id)
    const gone = others.slice(0, Math.max(0, others.length + 1 - MOST_SHOWN))
    this.#show([...others.slice(gone.length), toast])
    this.#start(toast)
    for (const one of gone) {
      one.onGone?.()
    }
    const sentence = toast.spoken ?? [toast.text, toast.detail].filter(Boolean).join(' ')
    if (toast.isUrgent) {
      announcer.interrupt(sentence)
    } else {
      announcer.say(sentence)
    }
  }

  /** Takes it away; the feature knows. */
  withdraw(id: string): void {
    this.#show(this.getSnapshot().shown.filter((toast) => toast.id !== id))
  }

  /** Takes it away, and tells the feature. */
  dismiss(id: string): void {
    const toast = this.getSnapshot().shown.find((one) => one.id === id)
    this.withdraw(id)
    toast?.onGone?.()
  }

  /** While somebody points at one or has the focus there, all stay. */
  hold(): void {
    this.#isHeld = true
    for (const timer of this.#timers.values()) {
      window.clearTimeout(timer)
    }
  }

  release(): void {
    this.#isHeld = false
    for (const toast of this.getSnapshot().shown) {
      this.#start(toast)
    }
  }

  #show(shown: readonly Toast[]): void {
    for (const [id, timer] of this.#timers) {
      if (shown.every((toast) => toast.id !== id)) {
        window.clearTimeout(timer)
        this.#timers.delete(id)
      }
    }
    // The place has gone, and with it the pointer.
    this.#isHeld = this.#isHeld && shown.length > 0
    this.update({ shown })
  }

  #start({ id, button }: Toast): void {
    window.clearTimeout(this.#timers.get(id))
    if (!this.#isHeld) {
      const shownFor = button === undefined ? SHOWN_MS : WITH_BUTTON_MS
      this.#timers.set(
        id,
        window.setTimeout(() => this.dismiss(id), shownFor),
      )
    }
  }
}

export const toasts = new Toasts()

/** Shows a toast for as long as there is a reason, and until its time is over. */
export function useToast(toast: Toast | null): void {
  const latest = useRef(toast)
  latest.current = toast
  const id = toast?.id
  const words = toast === null ? '' : JSON.stringify([toast.text, toast.detail, toast.button?.label])
  // biome-ignore lint/correctness/useExhaustiveDependencies: other words are another toast.
  useEffect(() => {
    const given = latest.current
    if (id === undefined || given === null) {
      return
    }
    toasts.show({
      ...given,
      ...(given.button === undefined
        ? {}
        : { button: { label: given.button.label, onPress: () => latest.current?.button?.onPress() } }),
      onGone: () => latest.current?.onGone?.(),
    })
    return () => toasts.withdraw(id)
  }, [id, words])
}
