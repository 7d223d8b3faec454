import { type MeetingOptions, MoothallMeeting } from './meeting.js'
import { type Answer, ATTRIBUTES, type AttributeName, type CommandName } from './schema.js'

/** How long the element may be out of the document before the person leaves the meeting. */
const MOVED_WITHIN_MS = 1000
const NAMES = Object.keys(ATTRIBUTES) as AttributeName[]

/**
 * `<moothall-meeting room-url="…">`: a meeting as an element. Events come as `CustomEvent`s, whose
 * `detail` is that of docs/embed.md.
 */
export class MoothallMeetingElement extends HTMLElement {
  static readonly observedAttributes = NAMES

  #meeting: MoothallMeeting | null = null
  #leaving = 0

  /** As `MoothallMeeting.run`. */
  run<C extends CommandName>(...given: Parameters<typeof MoothallMeeting.prototype.run<C>>): Promise<Answer<C>> {
    return this.#meeting?.run(...given) ?? Promise.resolve({ ok: false, code: 'disposed' })
  }

  connectedCallback(): void {
    clearTimeout(this.#leaving)
    this.#open()
  }

  disconnectedCallback(): void {
    // The browser unloads the frame at once; within this time it is loaded again in its new place.
    this.#meeting?.prepareMove()
    this.#leaving = window.setTimeout(() => this.#close(), MOVED_WITHIN_MS)
  }

  /** `Element.moveBefore` keeps the frame as it is. */
  connectedMoveCallback(): void {}

  attributeChangedCallback(name: AttributeName, before: string | null, now: string | null): void {
    if (before === now || this.#meeting === null) {
      return
    }
    if (name === 'room-url') {
      this.#close()
      if (this.isConnected) {
        this.#open()
      }
    } else if (name === 'language' && now) {
      void this.#meeting.run('set_language', { language: now })
    } else if (name === 'theme') {
      void this.#meeting.run('set_theme', { theme: (now ?? 'auto') as 'auto' })
    } else if (name === 'layout') {
      void this.#meeting.run('set_layout', { layout: (now ?? 'auto') as 'auto' })
    }
  }

  #open(): void {
    const roomUrl = this.getAttribute('room-url')
    if (this.#meeting !== null || !roomUrl) {
      return
    }
    const options: Record<string, unknown> = {}
    for (const name of NAMES) {
      if (this.hasAttribute(name)) {
        const key = name.replace(/-./g, (part) => part.charAt(1).toUpperCase())
        options[key] = name === 'skip-prejoin' ? true : this.getAttribute(name)
      }
    }
    const root = this.shadowRoot ?? this.attachShadow({ mode: 'open' })
    if (!this.style.display) {
      this.style.display = 'block'
    }
    const meeting = new MoothallMeeting(root, options as MeetingOptions)
    this.#meeting = meeting
    meeting.onEach((event, detail) => {
      this.dispatchEvent(new CustomEvent(event, { detail }))
    })
  }

  #close(): void {
    clearTimeout(this.#leaving)
    this.#meeting?.dispose()
    this.#meeting = null
  }
}
