import { SilenceWatch } from './silence'

/**
 * Follows how loud a microphone is, 0 (silent) to 1, about 20 times a second, until the returned
 * function is called. Where the browser keeps audio suspended before a click, the level stays at 0
 * until then. `onSilence` hears when the microphone gives nothing at all, and when it does again.
 */
export function followLevel(
  track: MediaStreamTrack,
  onLevel: (level: number) => void,
  onSilence: (isSilent: boolean) => void = () => undefined,
): () => void {
  const context = new AudioContext()
  const source = context.createMediaStreamSource(new MediaStream([track]))
  const analyser = context.createAnalyser()
  analyser.fftSize = 1024
  source.connect(analyser)
  const samples = new Float32Array(analyser.fftSize)
  const silence = new SilenceWatch()
  let wasSilent = false

  const measure = () => {
    if (context.state === 'suspended') {
      void context.resume().catch(() => undefined)
    }
    analyser.getFloatTimeDomainData(samples)
    onLevel(loudness(samples))
    const isListening = context.state === 'running' && document.visibilityState === 'visible'
    const isSilent = silence.look({ peak: peak(samples), isListening }, performance.now())
    if (isSilent !== wasSilent) {
      wasSilent = isSilent
      onSilence(isSilent)
    }
  }
  const timer = window.setInterval(measure, 50)
  return () => {
    window.clearInterval(timer)
    source.disconnect()
    void context.close().catch(() => undefined)
    if (wasSilent) {
      onSilence(false)
    }
  }
}

/**
 * Root mean square of samples in −1…1, on a scale that ears agree with: −60 dB is 0, −10 dB is 1.
 */
export function loudness(samples: Float32Array): number {
  let sum = 0
  for (const sample of samples) {
    sum += sample * sample
  }
  const decibels = 10 * Math.log10(sum / Math.max(1, samples.length) + 1e-12)
  return Math.min(1, Math.max(0, (decibels + 60) / 50))
}

function peak(samples: Float32Array): number {
  return samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0)
}
