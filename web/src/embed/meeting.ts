import type {
  Answer,
  AnyAnswer,
  AttributeName,
  CommandArgs,
  CommandName,
  EventDetail,
  EventName,
  FromPage,
  Hello,
  ParticipantInfo,
  Run,
  Welcome,
} from './schema.js'
import { ATTRIBUTES, VERSIONS } from './schema.js'

type Camel<Name extends string> = Name extends `${infer Head}-${infer Tail}` ? `${Head}${Capitalize<Tail>}` : Name

/** The attributes of the element as options: `roomUrl`, `displayName` and so on. */
export type MeetingOptions = { roomUrl: string } & {
  [Name in Exclude<AttributeName, 'room-url'> as Camel<Name>]?: Name extends 'skip-prejoin' ? boolean : string
}

export type Listener<E extends EventName> = (detail: EventDetail<E>) => void
export type EachListener = (event: EventName, detail: unknown) => void
type Arguments<C extends CommandName> =
  Record<never, never> extends CommandArgs<C> ? [args?: CommandArgs<C>] : [args: CommandArgs<C>]

const ALLOW =
  'camera; microphone; display-capture; autoplay; fullscreen; speaker-selection; screen-wake-lock; picture-in-picture; clipboard-write'
const ANSWERED_WITHIN_MS = 10_000
const MOST_QUEUED = 100

interface Waiting {
  run: Run
  settle: (answer: AnyAnswer) => void
  timer: number
}

/** A meeting in a frame inside `container`; `dispose` removes it. */
export class MoothallMeeting {
  readonly frame: HTMLIFrameElement = document.createElement('iframe')
  readonly #listeners = new Map<EventName | '*', Set<Listener<never> | EachListener>>()
  readonly #waiting = new Map<number, Waiting>()
  readonly #life = new AbortController()
  #options: MeetingOptions
  #origin = ''
  #port: MessagePort | null = null
  #silence = 0
  #last = 0
  /** How the person was inside, for coming back after the frame was moved. */
  #inside: { microphone: string; camera: string; displayName?: string } | null = null

  constructor(container: ParentNode, options: MeetingOptions) {
    this.#options = options
    const { frame } = this
    frame.allow = ALLOW
    frame.title = 'Video meeting'
    frame.style.cssText = 'border:0;width:100%;height:100%;min-width:320px;min-height:360px;display:block'
    window.addEventListener('message', this.#hear, { signal: this.#life.signal })
    this.#go()
    container.append(frame)
  }

  /** Calls `listener` with each such event, until the returned function is called. */
  on<E extends EventName>(event: E, listener: Listener<E>): () => void {
    return this.#listen(event, listener as Listener<never>)
  }

  /** Calls `listener` with every event, until the returned function is called. */
  onEach(listener: EachListener): () => void {
    return this.#listen('*', listener)
  }

  #listen(event: EventName | '*', listener: Listener<never> | EachListener): () => void {
    const all = this.#listeners.get(event) ?? new Set()
    this.#listeners.set(event, all.add(listener))
    return () => {
      all.delete(listener)
    }
  }

  /** Asks the meeting page to do something. The answer never rejects. */
  run<C extends CommandName>(command: C, ...[args]: Arguments<C>): Promise<Answer<C>> {
    const run: Run = { type: 'moothall:run', id: ++this.#last, command, args: args ?? {} }
    return new Promise<AnyAnswer>((settle) => {
      if (this.#life.signal.aborted) {
        settle({ ok: false, code: 'disposed' })
      } else if (this.#waiting.size >= MOST_QUEUED) {
        settle({ ok: false, code: 'too_many' })
      } else {
        // A person may take any time to choose a screen.
        const timer = command === 'start_share' ? 0 : this.#later(() => this.#settle(run.id, 'no_answer'))
        this.#waiting.set(run.id, { run, settle, timer })
        this.#send(run)
      }
    }) as Promise<Answer<C>>
  }

  /** Opens the meeting anew with other options. */
  open(options: MeetingOptions): void {
    this.#options = options
    this.#inside = null
    this.#go()
  }

  /**
   * To be called while the frame is out of the document: when it is put back, which loads it
   * again, the person comes back without being asked.
   */
  prepareMove(): void {
    this.#go()
  }

  /** Leaves the meeting and removes the frame and every listener. */
  dispose(): void {
    this.#life.abort()
    clearTimeout(this.#silence)
    this.frame.remove()
    this.#hangUp('disposed')
    this.#listeners.clear()
  }

  #go(): void {
    const { roomUrl, ...rest } = this.#options
    const url = new URL(roomUrl, location.href)
    const wishes = { ...rest, ...(this.#inside && { ...this.#inside, skipPrejoin: true }) } as Record<string, unknown>
    for (const [attribute, parameter] of Object.entries(ATTRIBUTES)) {
      const wish = wishes[attribute.replace(/-./g, (part) => part.charAt(1).toUpperCase())]
      if (parameter && wish !== undefined && wish !== false && wish !== null) {
        url.searchParams.set(parameter, String(wish))
      }
    }
    // The page says hello to this origin alone, and the browser delivers it to no other.
    url.hash = `embedder=${encodeURIComponent(location.origin)}`
    this.#origin = url.origin
    this.#hangUp('no_answer')
    this.frame.src = url.href
    clearTimeout(this.#silence)
    this.#silence = this.#later(() => this.#tell('error', { code: 'no_answer' }))
  }

  #later(act: () => void): number {
    return window.setTimeout(act, ANSWERED_WITHIN_MS)
  }

  readonly #hear = ({ source, origin, data }: MessageEvent): void => {
    if (source !== this.frame.contentWindow || source === null || origin !== this.#origin) {
      return
    }
    const hello = data as Hello | null
    if (hello?.type !== 'moothall:hello' || !Array.isArray(hello.versions)) {
      return
    }
    clearTimeout(this.#silence)
    const version = VERSIONS.find((one) => hello.versions.includes(one))
    if (version === undefined) {
      this.#tell('error', { code: 'version' })
      return
    }
    // The page in the frame may be another one than before.
    this.#port?.close()
    const { port1, port2 } = new MessageChannel()
    this.#port = port1
    port1.onmessage = ({ data: said }) => this.#take(said as FromPage)
    const welcome: Welcome = { type: 'moothall:welcome', version }
    this.frame.contentWindow?.postMessage(welcome, this.#origin, [port2])
    for (const { run } of this.#waiting.values()) {
      this.#send(run)
    }
  }

  #send(run: Run): void {
    if (this.#port === null) {
      return
    }
    if (run.command === 'start_share') {
      // A press is passed on by windows only, and in some browsers.
      const options = { targetOrigin: this.#origin, delegate: 'display-capture' } as WindowPostMessageOptions
      try {
        this.frame.contentWindow?.postMessage(run, options)
        return
      } catch {
        // There was no press; the page will say so.
      }
    }
    try {
      this.#port.postMessage(run)
    } catch {
      this.#settle(run.id, 'invalid_input')
    }
  }

  #take(said: FromPage): void {
    if (said?.type === 'moothall:answer') {
      const { type: _, id, ...answer } = said
      this.#settle(id, answer as AnyAnswer)
    } else if (said?.type === 'moothall:event') {
      this.#note(said.event, said.detail as { on: boolean; participant?: ParticipantInfo })
      this.#tell(said.event, said.detail as never)
    }
  }

  /** Remembers what a move of the frame has to bring back. */
  #note(event: EventName, { on, participant }: { on: boolean; participant?: ParticipantInfo }): void {
    if (event === 'joined') {
      this.#inside ??= { microphone: 'off', camera: 'off' }
    } else if (event === 'left' || event === 'ended') {
      this.#inside = null
    } else if (this.#inside && participant?.is_local) {
      this.#inside.displayName = participant.name
    } else if (this.#inside && (event === 'microphone_changed' || event === 'camera_changed')) {
      this.#inside[event === 'camera_changed' ? 'camera' : 'microphone'] = on ? 'on' : 'off'
    }
  }

  #tell<E extends EventName>(event: E, detail: EventDetail<E>): void {
    const call = (act: () => void) => {
      try {
        act()
      } catch (error) {
        reportError(error)
      }
    }
    for (const listener of [...(this.#listeners.get(event) ?? [])]) {
      call(() => (listener as Listener<E>)(detail))
    }
    for (const listener of [...(this.#listeners.get('*') ?? [])]) {
      call(() => (listener as EachListener)(event, detail))
    }
  }

  #settle(id: number, answer: AnyAnswer | string): void {
    const waiting = this.#waiting.get(id)
    if (waiting !== undefined) {
      clearTimeout(waiting.timer)
      this.#waiting.delete(id)
      waiting.settle(typeof answer === 'string' ? { ok: false, code: answer } : answer)
    }
  }

  #hangUp(code: string): void {
    // Commands that were never sent go on waiting for the next page.
    if (this.#port !== null || this.#life.signal.aborted) {
      this.#port?.close()
      this.#port = null
      for (const id of [...this.#waiting.keys()]) {
        this.#settle(id, code)
      }
    }
  }
}
