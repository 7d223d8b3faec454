/**
 * The preview before joining: one's own camera and microphone, on or off. Nothing is sent anywhere.
 *
 * Opening a device takes time and people change their mind meanwhile. Each input therefore counts
 * its requests; an answer to an older request is stopped and forgotten.
 */
import { Cell } from '@/lib/store'
import { type CaptureResult, type InputKind, openBoth, openCameraAt, openInput, otherSide } from './capture'
import type { AffectedInput } from './deviceHelp'
import { type DeviceProblem, findObstacle, inspectSurroundings } from './deviceProblem'
import { onAllowed, permissionFor } from './permissions'

export interface PreviewInput {
  /** The person's choice, also while the device is opening; false once it could not be opened. */
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
  /** The inputs the browser is asking the person about now. */
  asking: AffectedInput | null
  /** Whether it has been asking for so long that its question may have been missed. */
  asksLong: boolean
}

export interface PreviewOptions {
  microphoneOn: boolean
  cameraOn: boolean
  deviceId: (kind: InputKind) => string | null
  onOpened: () => void
}

const KINDS = ['microphone', 'camera'] as const
const ASKS_LONG_MS = 8_000
/** Where the browser does not tell whether it asks, an open question is supposed after this. */
const SUPPOSED_ASKING_MS = 3_000

const off: PreviewInput = { isOn: false, isOpening: false, track: null, problem: null }

export class Preview extends Cell<PreviewState> {
  readonly #options: PreviewOptions
  readonly #requests: Record<InputKind, number> = { microphone: 0, camera: 0 }
  readonly #opening: Record<InputKind, Promise<CaptureResult> | null> = { microphone: null, camera: null }
  readonly #stopWatching: (() => void)[]
  #timers: number[] = []
  #isOver = false

  constructor(options: PreviewOptions) {
    super({
      microphone: { ...off, isOn: options.microphoneOn },
      camera: { ...off, isOn: options.cameraOn },
      isAsleep: true,
      asking: null,
      asksLong: false,
    })
    this.#options = options
    this.#stopWatching = KINDS.map((kind) => onAllowed(kind, () => this.#retry(kind)))
  }

  /** Opens what is wanted on. */
  async start(): Promise<void> {
    const { microphone, camera } = this.getSnapshot()
    this.update({ isAsleep: false })
    if (microphone.isOn && camera.isOn) {
      const results = openBoth({
        microphone: this.#options.deviceId('microphone'),
        camera: this.#options.deviceId('camera'),
      })
      await Promise.all(
        KINDS.map((kind) =>
          this.#follow(
            kind,
            results.then((both) => both[kind]),
          ),
        ),
      )
      return
    }
    await Promise.all([microphone.isOn && this.#open('microphone'), camera.isOn && this.#open('camera')])
  }

  /** Says what could not be opened, without trying to, where nothing starts by itself. */
  inspect(): void {
    for (const kind of KINDS) {
      const problem = findObstacle(inspectSurroundings(kind))
      if (problem !== null && this.getSnapshot()[kind].isOn) {
        this.#change(kind, { ...off, problem })
      }
    }
  }

  async turn(kind: InputKind, isOn: boolean): Promise<void> {
    this.update({ isAsleep: false })
    if (isOn) {
      this.#change(kind, { isOn: true })
      await this.#open(kind)
    } else {
      this.#close(kind)
    }
  }

  /** Changes between the camera in front and the one behind. */
  async flipCamera(): Promise<void> {
    const { track } = this.getSnapshot().camera
    if (track !== null) {
      // Phones open one camera at a time.
      track.stop()
      await this.#follow('camera', openCameraAt(otherSide(track.getSettings())))
    }
  }

  /** Opens the device that is chosen now, if this input is on. */
  async reopen(kind: InputKind): Promise<void> {
    if (this.getSnapshot()[kind].isOn) {
      await this.turn(kind, true)
    }
  }

  /**
   * Gives the tracks away, those that are still opening too: they are the caller's to stop. Null
   * where an input is off.
   */
  handOver(): Record<InputKind, Promise<CaptureResult> | null> {
    this.#end()
    const take = (kind: InputKind) => {
      const { track } = this.getSnapshot()[kind]
      this.#requests[kind] += 1
      return this.#opening[kind] ?? (track === null ? null : Promise.resolve({ track, problem: null }))
    }
    const taken = { microphone: take('microphone'), camera: take('camera') }
    for (const kind of KINDS) {
      this.#opening[kind] = null
      this.#change(kind, { track: null })
    }
    return taken
  }

  /** Stops everything. */
  stop(): void {
    this.#end()
    for (const kind of KINDS) {
      this.#forget(kind)
      this.getSnapshot()[kind].track?.stop()
    }
  }

  #end(): void {
    this.#isOver = true
    this.#stopAsking()
    for (const stop of this.#stopWatching) {
      stop()
    }
  }

  async #open(kind: InputKind): Promise<void> {
    await this.#follow(kind, openInput(kind, this.#options.deviceId(kind)))
  }

  async #follow(kind: InputKind, opening: Promise<CaptureResult>): Promise<void> {
    this.#forget(kind)
    const request = this.#requests[kind]
    this.#opening[kind] = opening
    this.#change(kind, { isOpening: true, problem: null })
    void this.#noteAsking(kind, request)
    const { track, problem } = await opening
    if (track !== null) {
      // Only now the devices have names.
      this.#options.onOpened()
    }
    if (request !== this.#requests[kind]) {
      return
    }
    this.#opening[kind] = null
    this.getSnapshot()[kind].track?.stop()
    this.#change(kind, { isOn: track !== null, isOpening: false, track, problem })
    this.#reviewAsking()
    if (track !== null) {
      track.addEventListener('ended', () => void this.#lose(kind, track))
    }
  }

  /** An answer to an earlier request is stopped when it comes. */
  #forget(kind: InputKind): void {
    this.#requests[kind] += 1
    void this.#opening[kind]?.then(({ track }) => track?.stop())
    this.#opening[kind] = null
  }

  async #noteAsking(kind: InputKind, request: number): Promise<void> {
    const permission = await permissionFor(kind)
    const isOpen = () => request === this.#requests[kind] && this.#opening[kind] !== null
    if (!isOpen() || permission === 'granted' || permission === 'denied') {
      return
    }
    const ask = () => {
      if (isOpen()) {
        const { asking } = this.getSnapshot()
        this.update({ asking: asking === null || asking === kind ? kind : 'both' })
      }
    }
    if (permission === 'prompt') {
      ask()
    } else {
      this.#timers.push(window.setTimeout(ask, SUPPOSED_ASKING_MS))
    }
    this.#timers.push(window.setTimeout(() => isOpen() && this.update({ asksLong: true }), ASKS_LONG_MS))
  }

  #reviewAsking(): void {
    const { microphone, camera, asking } = this.getSnapshot()
    if (!microphone.isOpening && !camera.isOpening) {
      this.#stopAsking()
    } else if (asking === 'both') {
      this.update({ asking: microphone.isOpening ? (camera.isOpening ? 'both' : 'microphone') : 'camera' })
    }
  }

  #stopAsking(): void {
    for (const timer of this.#timers) {
      window.clearTimeout(timer)
    }
    this.#timers = []
    this.update({ asking: null, asksLong: false })
  }

  async #lose(kind: InputKind, track: MediaStreamTrack): Promise<void> {
    // A permission that was taken back ends a track as pulling the plug does.
    const isDenied = (await permissionFor(kind)) === 'denied'
    if (!this.#isOver && this.getSnapshot()[kind].track === track) {
      this.#change(kind, { isOn: false, track: null, problem: isDenied ? 'denied' : 'unplugged' })
    }
  }

  #retry(kind: InputKind): void {
    if (!this.#isOver && this.getSnapshot()[kind].problem === 'denied') {
      void this.turn(kind, true)
    }
  }

  #close(kind: InputKind): void {
    this.#forget(kind)
    this.getSnapshot()[kind].track?.stop()
    this.#change(kind, { ...off })
    this.#reviewAsking()
  }

  #change(kind: InputKind, change: Partial<PreviewInput>): void {
    this.update({ [kind]: { ...this.getSnapshot()[kind], ...change } })
  }
}
