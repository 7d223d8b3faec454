/** A tone of a second through one speaker, so that people hear whether it is the right one. */
const LASTS_S = 1
const HERTZ = 523

/**
 * @param speaker the device's id; null for the system's
 * Resolves when the tone is over. Raises when the browser cannot play there.
 */
export async function playTestTone(speaker: string | null): Promise<void> {
  const context = new AudioContext()
  const element = new Audio()
  try {
    const tone = context.createOscillator()
    const volume = context.createGain()
    const stream = context.createMediaStreamDestination()
    tone.frequency.value = HERTZ
    volume.gain.setValueAtTime(0, context.currentTime)
    volume.gain.linearRampToValueAtTime(0.25, context.currentTime + 0.05)
    volume.gain.setValueAtTime(0.25, context.currentTime + LASTS_S - 0.15)
    volume.gain.linearRampToValueAtTime(0, context.currentTime + LASTS_S)
    tone.connect(volume).connect(stream)
    element.srcObject = stream.stream
    if (speaker !== null) {
      await element.setSinkId(speaker)
    }
    await context.resume()
    tone.start()
    tone.stop(context.currentTime + LASTS_S)
    await element.play()
    await new Promise<void>((resolve) => {
      tone.onended = () => resolve()
    })
  } finally {
    element.srcObject = null
    await context.close().catch(() => undefined)
  }
}
