/**
 * The one audio context for what goes out. It is suspended while nobody needs it and never closed:
 * a closed one keeps the memory of its WebAssembly.
 */
import { SAMPLE_RATE } from './denoiser'

let context: AudioContext | null = null
let users = 0

export function sharedAudioContext(): AudioContext {
  if (context === null) {
    const created = new AudioContext({ sampleRate: SAMPLE_RATE, latencyHint: 'interactive' })
    context = created
    // A telephone call suspends it on iOS, and nothing else resumes it.
    document.addEventListener('visibilitychange', () => {
      if (users > 0 && document.visibilityState === 'visible') {
        void created.resume().catch(() => undefined)
      }
    })
  }
  return context
}

/** Keeps the context running until the returned function is called. */
export function keepRunning(): () => void {
  const shared = sharedAudioContext()
  let isHeld = true
  users += 1
  void shared.resume().catch(() => undefined)
  return () => {
    if (isHeld) {
      isHeld = false
      users -= 1
      if (users === 0) {
        void shared.suspend().catch(() => undefined)
      }
    }
  }
}
