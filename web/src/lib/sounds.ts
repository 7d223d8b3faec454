/** Sounds made by the browser itself, so that no file is loaded. */

/** Two short knocks. */
export function playKnock(): void {
  play([
    { start: 0, hertz: 330 },
    { start: 0.18, hertz: 330 },
  ])
}

/** Two rising tones: somebody has raised a hand. */
export function playHand(): void {
  play([
    { start: 0, hertz: 523 },
    { start: 0.14, hertz: 659 },
  ])
}

/** A rising chord: you were let in. */
export function playAdmitted(): void {
  play([
    { start: 0, hertz: 392 },
    { start: 0.12, hertz: 523 },
    { start: 0.24, hertz: 784 },
  ])
}

/** Two sounds are at least this far apart, whatever they tell. */
const LEAST_PAUSE_MS = 2000
let lastSound = Number.NEGATIVE_INFINITY

/** Where the browser holds sound back nothing is heard, and nothing fails. `start` in seconds. */
function play(tones: readonly { start: number; hertz: number }[]): void {
  const now = performance.now()
  if (now - lastSound < LEAST_PAUSE_MS) {
    return
  }
  lastSound = now
  try {
    const context = new AudioContext()
    for (const { start, hertz } of tones) {
      const tone = context.createOscillator()
      const volume = context.createGain()
      tone.frequency.value = hertz
      volume.gain.setValueAtTime(0.2, context.currentTime + start)
      volume.gain.exponentialRampToValueAtTime(0.001, context.currentTime + start + 0.15)
      tone.connect(volume).connect(context.destination)
      tone.start(context.currentTime + start)
      tone.stop(context.currentTime + start + 0.16)
    }
    window.setTimeout(() => void context.close().catch(() => undefined), 1000)
  } catch {
    // No sound here; every sound has a visible twin.
  }
}
