/**
 * Takes the noise out of a microphone before its sound is sent. A part of the page of its own: it
 * brings RNNoise, and only those who turn it on load it.
 */
import type { Track, TrackProcessor } from 'livekit-client'
import { PROCESSOR_NAME } from './names'
import { keepRunning, sharedAudioContext } from './sharedContext'
import workletUrl from './worklet?worker&url'

export { sharedAudioContext }

/** A filter that says nothing for so long has failed, in milliseconds. */
const READY_WITHIN_MS = 5000

interface Graph {
  source: MediaStreamAudioSourceNode
  filter: AudioWorkletNode
  target: MediaStreamAudioDestinationNode
}

let worklet: Promise<void> | null = null

/** Loads the worklet into the one context, once. */
function loadWorklet(context: AudioContext): Promise<void> {
  worklet ??= context.audioWorklet.addModule(workletUrl).catch((error: unknown) => {
    worklet = null
    throw error
  })
  return worklet
}

export class NoiseFilter implements TrackProcessor<Track.Kind.Audio> {
  readonly name = PROCESSOR_NAME
  processedTrack?: MediaStreamTrack
  /** The microphone's own track. */
  source: MediaStreamTrack | null = null
  #graph: Graph | null = null
  #release: (() => void) | null = null

  /** Throws where RNNoise cannot be loaded; then nothing has changed. */
  async init({ track }: { track: MediaStreamTrack }): Promise<void> {
    const context = sharedAudioContext()
    const release = keepRunning()
    try {
      await loadWorklet(context)
      const filter = new AudioWorkletNode(context, PROCESSOR_NAME, {
        // Several channels of a microphone are one voice.
        channelCount: 1,
        channelCountMode: 'explicit',
        outputChannelCount: [2],
      })
      await isReady(filter)
      const source = context.createMediaStreamSource(new MediaStream([track]))
      const target = context.createMediaStreamDestination()
      source.connect(filter).connect(target)
      this.#graph = { source, filter, target }
      this.#release = release
      this.source = track
      const [processed] = target.stream.getAudioTracks()
      if (processed !== undefined) {
        this.processedTrack = processed
      }
    } catch (error) {
      release()
      throw error
    }
  }

  async restart(options: { track: MediaStreamTrack }): Promise<void> {
    await this.destroy()
    await this.init(options)
  }

  async destroy(): Promise<void> {
    this.#graph?.filter.port.postMessage('over')
    this.#graph?.source.disconnect()
    this.#graph?.filter.disconnect()
    this.processedTrack?.stop()
    this.#graph = null
    this.source = null
    this.#release?.()
    this.#release = null
  }
}

function isReady(filter: AudioWorkletNode): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = () => reject(new Error('RNNoise did not start'))
    const timer = window.setTimeout(fail, READY_WITHIN_MS)
    filter.onprocessorerror = fail
    filter.port.onmessage = () => {
      window.clearTimeout(timer)
      resolve()
    }
  })
}
