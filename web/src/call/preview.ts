/**
 * What a person tries out before they join: their own camera and microphone, on or off. Nothing is sent anywhere.
 *
 * Opening a device takes time and people change their mind meanwhile. Each input therefore counts its requests; an
 * answer to an older request is stopped and forgotten.
 */
import { Cell } from '@/lib/store'
import { type CaptureResult, type InputKind, openBoth, openInput } from './capture'
import type { DeviceProblem } from './deviceProblem'

export interface PreviewInput {
  /** What the person wants, also while the device is still opening or cannot be opened. */
  isOn: boolean
  isOpening: boolean
  track: MediaStreamTrack | null
  problem: DeviceProblem | null
}

export interface PreviewState {
  microphone: PreviewInput
  camera: PreviewInput
  /** True until the first device was asked for: inside a frame nothing starts before a click. */
  isAsleep: boolean
}

export interface PreviewOptions {
  microphoneOn: boolean
  cameraOn: boolean
  deviceId: (kind: InputKind) => string | null
  onOpened: () => void
}

const off: PreviewInput = { isOn: false, isOpening: false, track: null, problem: null }

export class Preview extends Cell<PreviewState> {
  readonly #options: PreviewOptions
  readonly #requests: Record<InputKind, number> = { microphone: 0, camera: 0 }
  #isReleased = false

  constructor(options: PreviewOptions) {
    super({
      microphone: { ...off, isOn: options.microphoneOn },
      camera: { ...off, isOn: options.cameraOn },
      isAsleep: true,
    })
    this.#options = options
  }

  /** Opens what is wanted on. */
  async start(): Promise<void> {
    const { microphone, camera } = this.getSnapshot()
    this.update({ isAsleep: false })
    if (microphone.isOn && camera.isOn) {
      const requests = { microphone: this.#begin('microphone'), camera: this.#begin('camera') }
      const results = await openBoth({
        microphone: this.#options.deviceId('microphone'),
        camera: this.#options.deviceId('camera'),
      })
      this.#finish('microphone', requests.microphone, results.microphone)
      this.#finish('camera', requests.camera, results.camera)
      return
    }
    await Promise.all([microphone.isOn && this.#open('microphone'), camera.isOn && this.#open('camera')])
  }

  async turn(kind: InputKind, isOn: boolean): Promise<void> {
    this.update({ isAsleep: false })
    if (isOn) {
      this.#change(kind, { isOn: true })
      await this.#open(kind)
    } else {
      this.#requests[kind] += 1
      this.#close(kind)
    }
  }

  /** Opens the device that is chosen now, if this input is on. */
  async reopen(kind: InputKind): Promise<void> {
    if (this.getSnapshot()[kind].isOn) {
      await this.turn(kind, true)
    }
  }

  /** Hands the open tracks over to the caller, who stops them from now on. */
  release(): Record<InputKind, MediaStreamTrack | null> {
    this.#isReleased = true
    const { microphone, camera } = this.getSnapshot()
    this.update({ microphone: { ...microphone, track: null }, camera: { ...camera, track: null } })
    return { microphone: microphone.track, camera: camera.track }
  }

  /** Stops everything. */
  stop(): void {
    this.#isReleased = true
    for (const kind of ['microphone', 'camera'] as const) {
      this.#requests[kind] += 1
      this.getSnapshot()[kind].track?.stop()
    }
  }

  async #open(kind: InputKind): Promise<void> {
    const request = this.#begin(kind)
    this.#finish(kind, request, await openInput(kind, this.#options.deviceId(kind)))
  }

  #begin(kind: InputKind): number {
    this.#requests[kind] += 1
    this.#change(kind, { isOpening: true, problem: null })
    return this.#requests[kind]
  }

  #finish(kind: InputKind, request: number, { track, problem }: CaptureResult): void {
    if (request !== this.#requests[kind] || this.#isReleased) {
      track?.stop()
      return
    }
    this.getSnapshot()[kind].track?.stop()
    this.#change(kind, { isOn: track !== null, isOpening: false, track, problem })
    if (track !== null) {
      track.addEventListener('ended', () => this.#lose(kind, track))
      this.#options.onOpened()
    }
  }

  #lose(kind: InputKind, track: MediaStreamTrack): void {
    if (this.getSnapshot()[kind].track === track) {
      this.#change(kind, { isOn: false, track: null, problem: 'not_found' })
    }
  }

  #close(kind: InputKind): void {
    this.getSnapshot()[kind].track?.stop()
    this.#change(kind, { ...off })
  }

  #change(kind: InputKind, change: Partial<PreviewInput>): void {
    this.update({ [kind]: { ...this.getSnapshot()[kind], ...change } })
  }
}
