/** Runs in the audio thread: one voice in, the same voice without noise on every channel out. */
import create from '@jitsi/rnnoise-wasm/dist/rnnoise-sync.js'
import { Denoiser } from './denoiser'
import { PROCESSOR_NAME } from './names'

declare class AudioWorkletProcessor {
  readonly port: MessagePort
  constructor(options?: unknown)
}
declare function registerProcessor(name: string, processor: typeof AudioWorkletProcessor): void

/** One module for all processors: it is the weights of the network that are large. */
const rnnoise = create()

class NoiseProcessor extends AudioWorkletProcessor {
  #denoiser: Denoiser | null = new Denoiser(rnnoise)

  constructor(options?: unknown) {
    super(options)
    this.port.onmessage = () => {
      this.#denoiser?.destroy()
      this.#denoiser = null
    }
    this.port.postMessage('ready')
  }

  process([input]: Float32Array[][], [output]: Float32Array[][]): boolean {
    const voice = input?.[0]
    const [first, ...others] = output ?? []
    if (voice !== undefined && first !== undefined && this.#denoiser !== null) {
      this.#denoiser.process(voice, first)
      for (const channel of others) {
        channel.set(first)
      }
    }
    return this.#denoiser !== null
  }
}

registerProcessor(PROCESSOR_NAME, NoiseProcessor)
