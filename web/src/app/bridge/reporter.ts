/** Tells the page around this one what happens. */
import type { Call } from '@/call/call'
import type { Participant } from '@/call/participants'
import type { Preview } from '@/call/preview'
import type { EventDetail, EventName, ParticipantInfo } from '@/embed/schema'
import { scheme } from '@/lib/scheme'
import type { Watchable } from '@/lib/store'
import { scene } from '../scene'
import type { Screen, Visit } from '../useVisit'
import { describeConnection, describeDevices, describeMessage, describeParticipant, describeWaiting } from './describe'

export type Tell = <E extends EventName>(event: E, detail: EventDetail<E>) => void

const NOTHING = Symbol('nothing')

export class Reporter {
  readonly #tell: Tell
  readonly #stops: (() => void)[] = []
  #screen: Screen | null = null
  #devices: Visit['devices'] | null = null
  #preview: Preview | null = null
  #stopPreview: () => void = () => undefined
  #stay: Stay | null = null

  constructor(tell: Tell) {
    this.#tell = tell
    this.#stops.push(
      scene.subscribe(() => this.#review()),
      follow(
        scene,
        ({ language }) => language,
        (language) => language && tell('language_changed', { language }),
        false,
      ),
      follow(
        scheme,
        ({ theme }) => theme,
        (theme) => tell('theme_changed', { theme }),
        false,
      ),
    )
    this.#review()
  }

  stop(): void {
    this.#stay?.stop()
    this.#stopPreview()
    for (const stop of this.#stops) {
      stop()
    }
  }

  #review(): void {
    const { visit } = scene.getSnapshot()
    const screen = visit?.screen ?? null
    if (visit !== null && visit.devices !== this.#devices) {
      this.#devices = visit.devices
      this.#stops.push(
        follow(visit.devices, describeDevices, (devices) => this.#tell('devices_changed', { devices }), false),
      )
    }
    if (screen === this.#screen) {
      return
    }
    const before = this.#screen
    this.#screen = screen
    this.#followPreview(screen !== null && 'preview' in screen ? screen.preview : null)
    if (before?.name === 'inside' && (screen?.name !== 'inside' || screen.call !== before.call)) {
      this.#stay?.stop()
      this.#stay = null
    }
    this.#tellOf(screen, before)
  }

  /** Tells of inputs that do not open before the meeting, too. */
  #followPreview(preview: Preview | null): void {
    if (preview === this.#preview) {
      return
    }
    this.#stopPreview()
    this.#preview = preview
    const stops =
      preview === null
        ? []
        : (['microphone', 'camera'] as const).map((kind) =>
            follow(
              preview,
              (now) => now[kind].problem,
              (code) => code && this.#tell('device_error', { kind, code }),
            ),
          )
    this.#stopPreview = () => {
      for (const stop of stops) {
        stop()
      }
    }
  }

  #tellOf(screen: Screen | null, before: Screen | null): void {
    const isNew = screen?.name !== before?.name
    switch (screen?.name) {
      case 'prejoin':
        if (isNew) {
          this.#tell('prejoin_shown', {})
        }
        break
      case 'waiting':
        if (screen.step !== 'entering' && (before?.name !== 'waiting' || before.step !== screen.step)) {
          this.#tell('waiting', { reason: screen.step })
        }
        break
      case 'inside':
        this.#stay ??= new Stay(screen.call, this.#tell)
        break
      case 'over':
        if (screen.reason === 'ended') {
          this.#tell('ended', {})
        } else if (screen.reason === 'denied') {
          this.#tell('denied', { retry_after: screen.retryAfter ?? null })
        } else {
          this.#tell('left', { reason: screen.reason })
        }
        break
      case 'problem':
        this.#tell('error', { code: screen.code })
        break
      case undefined:
        // The person went to another page of the frame.
        if (before?.name === 'inside') {
          this.#tell('left', { reason: 'left' })
        }
        break
    }
  }
}

/** One stay in the meeting. */
class Stay {
  readonly #call: Call
  readonly #tell: Tell
  readonly #stops: (() => void)[] = []
  readonly #people = new Map<string, { info: ParticipantInfo; stop: () => void }>()
  #read = 0
  readonly #removed = new Set<number>()
  readonly #reactions = new Map<number, number>()

  constructor(call: Call, tell: Tell) {
    this.#call = call
    this.#tell = tell
    const { visit, inputs, share, moderation, lobby } = call
    const { role } = visit.getSnapshot()
    tell('joined', { participant_id: visit.participantId(), role })
    this.#stops.push(
      follow(
        visit,
        () => describeConnection(call),
        (state) => tell('connection_changed', { state }),
        false,
      ),
      follow(
        visit,
        (now) => now.role,
        (now) => tell('role_changed', { role: now }),
        false,
      ),
      follow(
        inputs,
        ({ microphone }) => microphone.isOn,
        (on) => tell('microphone_changed', { on }),
      ),
      follow(
        inputs,
        ({ camera }) => camera.isOn,
        (on) => tell('camera_changed', { on }),
      ),
      follow(
        inputs,
        ({ microphone }) => microphone.problem,
        (code) => code && tell('device_error', { kind: 'microphone', code }),
      ),
      follow(
        inputs,
        ({ camera }) => camera.problem,
        (code) => code && tell('device_error', { kind: 'camera', code }),
      ),
      follow(
        share,
        ({ phase }) => phase === 'on',
        (on) => tell('screen_changed', { on }),
        false,
      ),
      follow(
        share,
        ({ problem }) => problem,
        (code) => code && tell('device_error', { kind: 'screen_share', code }),
      ),
      follow(
        moderation,
        ({ spotlight }) => [...spotlight],
        (ids) => tell('spotlight_changed', { participant_ids: ids }),
        false,
      ),
      follow(
        moderation,
        ({ isLocked }) => isLocked,
        (locked) => tell('lock_changed', { locked }),
        false,
      ),
      follow(
        moderation,
        ({ mine }) => ({ ...mine }),
        (rights) => tell('rights_changed', { rights }),
        false,
      ),
      follow(
        moderation,
        ({ asked }) => asked,
        (asked) => asked && tell('unmute_asked', { source: asked.source, name: asked.by }),
      ),
      follow(
        lobby,
        () => describeWaiting(call),
        (waiting) => tell('waiting_list_changed', { waiting }),
        false,
      ),
      follow(
        call.speech,
        ({ heard }) => [...heard],
        (ids) => tell('speakers_changed', { participant_ids: ids }),
        false,
      ),
      follow(
        scene,
        ({ choices }) => choices,
        () => this.#followStage(),
      ),
      call.participants.subscribe(() => this.#reviewPeople()),
      call.hands.subscribe(() => this.#reviewHands()),
      call.chat.subscribe(() => this.#reviewChat()),
      call.reactions.subscribe(() => this.#reviewReactions()),
    )
    this.#reviewPeople()
    this.#reviewChat()
  }

  stop(): void {
    for (const { stop } of this.#people.values()) {
      stop()
    }
    this.#people.clear()
    for (const stop of this.#stops) {
      stop()
    }
  }

  #followStage(): void {
    const { choices } = scene.getSnapshot()
    if (choices !== null) {
      this.#stops.push(
        follow(
          choices,
          ({ layout }) => layout,
          (layout) => this.#tell('layout_changed', { layout }),
          false,
        ),
        follow(
          choices,
          ({ pinned }) => [...pinned],
          (ids) => this.#tell('pins_changed', { participant_ids: ids }),
          false,
        ),
      )
    }
  }

  #reviewPeople(): void {
    const { all } = this.#call.participants.getSnapshot()
    const ids = new Set(all.map(({ id }) => id))
    for (const [id, { info, stop }] of this.#people) {
      if (!ids.has(id)) {
        stop()
        this.#people.delete(id)
        this.#tell('participant_left', { participant: info })
      }
    }
    for (const participant of all) {
      if (this.#people.has(participant.id)) {
        this.#reviewPerson(participant)
      } else {
        const info = describeParticipant(this.#call, participant)
        const stop = participant.view.subscribe(() => this.#reviewPerson(participant))
        this.#people.set(participant.id, { info, stop })
        this.#tell('participant_joined', { participant: info })
      }
    }
  }

  #reviewPerson({ id }: Participant): void {
    const known = this.#people.get(id)
    const participant = this.#call.participants.getSnapshot().all.find((one) => one.id === id)
    if (known === undefined || participant === undefined) {
      return
    }
    const info = describeParticipant(this.#call, participant)
    if (!isSame({ ...info, hand: null }, { ...known.info, hand: null })) {
      known.info = info
      this.#tell('participant_changed', { participant: info })
    }
  }

  #reviewHands(): void {
    for (const [id, known] of this.#people) {
      const place = this.#call.hands.placeOf(id)
      if (place !== known.info.hand) {
        known.info = { ...known.info, hand: place }
        this.#tell('hand_changed', { participant_id: id, raised: place !== null, place })
      }
    }
  }

  #reviewChat(): void {
    for (const message of this.#call.chat.getSnapshot().messages) {
      const { number, is_removed: isRemoved } = message
      if (number > this.#read) {
        this.#read = number
        if (!isRemoved) {
          this.#tell('message_received', { message: describeMessage(this.#call, message) })
        } else {
          this.#removed.add(number)
        }
      } else if (isRemoved && !this.#removed.has(number)) {
        this.#removed.add(number)
        this.#tell('message_removed', { number })
      }
    }
  }

  #reviewReactions(): void {
    const { shown } = this.#call.reactions.getSnapshot()
    for (const { key, count, reaction, participantId, name } of shown) {
      if (this.#reactions.get(key) !== count) {
        this.#reactions.set(key, count)
        this.#tell('reaction_received', { reaction, participant_id: participantId, name })
      }
    }
    for (const key of [...this.#reactions.keys()]) {
      if (!shown.some((one) => one.key === key)) {
        this.#reactions.delete(key)
      }
    }
  }
}

/** Calls back whenever the part of a value that `select` takes differs from the last. */
function follow<T, S>(
  source: Watchable<T>,
  select: (value: T) => S,
  changed: (selected: S) => unknown,
  tellsFirst = true,
): () => void {
  let last: S | typeof NOTHING = tellsFirst ? NOTHING : select(source.getSnapshot())
  const review = () => {
    const next = select(source.getSnapshot())
    if (last === NOTHING || !isSame(next, last)) {
      last = next
      changed(next)
    }
  }
  if (tellsFirst) {
    review()
  }
  return source.subscribe(review)
}

function isSame(one: unknown, other: unknown): boolean {
  return one === other || (isPlain(one) && isPlain(other) && JSON.stringify(one) === JSON.stringify(other))
}

/** Values that JSON tells apart; others are compared by identity. */
function isPlain(value: unknown): boolean {
  const prototype = typeof value === 'object' && value !== null ? Object.getPrototypeOf(value) : null
  return prototype === Object.prototype || prototype === Array.prototype
}
