/**
 * Sounds made by the browser itself, so that no file is loaded. Each has a switch, all have one
 * volume, and each has a visible twin: nobody needs to hear them.
 */
import { preferences, type SoundName } from './preferences'

interface Tone {
  /** In seconds. */
  start: number
  hertz: number
}

const TONES: Readonly<Record<SoundName, readonly Tone[]>> = {
  /** Two short knocks: somebody waits. */
  knock: [
    { start: 0, hertz: 330 },
    { start: 0.18, hertz: 330 },
  ],
  /** Two rising tones: somebody has raised a hand. */
  hand: [
    { start: 0, hertz: 523 },
    { start: 0.14, hertz: 659 },
  ],
  /** A rising chord: you were let in. */
  admitted: [
    { start: 0, hertz: 392 },
    { start: 0.12, hertz: 523 },
    { start: 0.24, hertz: 784 },
  ],
  join: [
    { start: 0, hertz: 440 },
    { start: 0.1, hertz: 587 },
  ],
  leave: [
    { start: 0, hertz: 587 },
    { start: 0.1, hertz: 440 },
  ],
  /** One high tone: somebody wrote in the chat. */
  message: [{ start: 0, hertz: 880 }],
}

/** Two sounds are at least this far apart, whatever they tell. */
export const LEAST_PAUSE_MS = 2000
/** The gain at the highest volume. */
const LOUDEST = 0.4
const TONE_S = 0.15
let lastSound = Number.NEGATIVE_INFINITY

/** Plays a sound that is switched on, unless another one was played a moment ago. */
export function playSound(name: SoundName): void {
  if (preferences.hasSound(name)) {
    play(TONES[name])
  }
}

/** Lets somebody who sets the volume hear it. */
export function playSample(): void {
  play(TONES.message)
}

/** Where the browser holds sound back nothing is heard, and nothing fails. */
function play(tones: readonly Tone[]): void {
  const loudness = (LOUDEST * preferences.getSnapshot().soundVolume) / 100
  const now = performance.now()
  if (loudness === 0 || now - lastSound < LEAST_PAUSE_MS) {
    return
  }
  lastSound = now
  try {
    const context = new AudioContext()
    for (const { start, hertz } of tones) {
      const tone = context.createOscillator()
      const volume = context.createGain()
      tone.frequency.value = hertz
      volume.gain.setValueAtTime(loudness, context.currentTime + start)
      volume.gain.exponentialRampToValueAtTime(loudness / 200, context.currentTime + start + TONE_S)
      tone.connect(volume).connect(context.destination)
      tone.start(context.currentTime + start)
      tone.stop(context.currentTime + start + TONE_S + 0.01)
    }
    window.setTimeout(() => void context.close().catch(() => undefined), 1000)
  } catch {
    // No sound here; every sound has a visible twin.
  }
}
