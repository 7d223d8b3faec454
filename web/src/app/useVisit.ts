/**
 * One person's visit to one meeting, from the lookup to the last page:
 * looking › prejoin › (joining) › (waiting) › inside › over, and problem from anywhere.
 */
import { useCallback, useEffect, useRef, useState } from 'react'
import { type Lookup, type PageClient, PageError, type PageErrorCode } from '@/api/page'
import { isEmbedded } from '@/call/browser'
import type { Call, Luggage } from '@/call/call'
import type { InputKind } from '@/call/capture'
import type { CloseReason, ConnectionState, HoldReason } from '@/call/connection'
import { type DeviceKind, DeviceList } from '@/call/devices'
import { Preview } from '@/call/preview'
import { findHostToken, forgetHostToken } from '@/lib/hostLink'
import { rememberedChoices } from '@/lib/storage'
import { useLanguage } from './LanguageProvider'

export type Screen =
  | { name: 'looking' }
  | { name: 'problem'; code: PageErrorCode; retryAfter: number | null }
  | { name: 'prejoin'; preview: Preview; isJoining: boolean; failure: PageErrorCode | null }
  | { name: 'entering' }
  /** Before the door; `entering` once they may come in. */
  | { name: 'waiting'; preview: Preview; step: HoldReason | 'entering' }
  | { name: 'inside'; call: Call }
  | { name: 'over'; reason: Exclude<CloseReason['kind'], 'refused'> }

export interface Visit {
  screen: Screen
  /** What is known of the room; stays known after the first lookup. */
  lookup: Lookup | null
  devices: DeviceList
  initialName: string
  look: () => void
  lookAsGuest: () => void
  join: (name: string) => void
  rejoin: () => void
  /** Gives up waiting before the door. */
  cancelWaiting: () => void
  turnPreview: (kind: InputKind, isOn: boolean) => void
  /** Uses another device in the preview, and in the meeting afterwards. */
  chooseDevice: (kind: DeviceKind, id: string) => void
}

/** What a visit holds besides what it shows. */
interface Held {
  preview: Preview | null
  call: Call | null
  /** How microphone and camera were when the last call ended: somebody who left with the camera off comes back so. */
  lastWants: Record<InputKind, boolean> | null
  isMounted: boolean
}

/** Refusals after which the person may simply press the button again. */
const WORTH_REPEATING: ReadonlySet<PageErrorCode> = new Set<PageErrorCode>([
  'offline',
  'too_many_requests',
  'unavailable',
])
const RECOUNT_MS = 20_000

const loadCall = () => import('@/call/call')

export function useVisit(page: PageClient, code: string): Visit {
  const { setRoom } = useLanguage()
  const [screen, setScreen] = useState<Screen>({ name: 'looking' })
  const [lookup, setLookup] = useState<Lookup | null>(null)
  const [devices] = useState(() => new DeviceList())
  const current = useRef<Held>({ preview: null, call: null, lastWants: null, isMounted: true })

  useEffect(() => devices.watch(), [devices])
  useEffect(() => {
    const held = current.current
    held.isMounted = true
    return () => {
      held.isMounted = false
      held.preview?.stop()
      held.call?.leave()
      held.preview = null
      held.call = null
    }
  }, [])

  const openPreview = useCallback(
    (wants: Record<InputKind, boolean>): Preview => {
      const preview = new Preview({
        microphoneOn: wants.microphone,
        cameraOn: wants.camera,
        deviceId: (kind) => devices.getSnapshot().chosen[kind],
        onOpened: () => void devices.refresh(),
      })
      current.current.preview?.stop()
      current.current.preview = preview
      if (!isEmbedded()) {
        void preview.start()
      }
      return preview
    },
    [devices],
  )

  const prepare = useCallback(
    (found: Lookup) => {
      const preview = openPreview({
        microphone: startsOn('microphone', found.room.initial_join_options.microphone_state),
        camera: startsOn('camera', 'default'),
      })
      setScreen({ name: 'prejoin', preview, isJoining: false, failure: null })
      // The code of the meeting is wanted soon; a failure shows when it is needed.
      loadCall().catch(() => undefined)
      import('./InMeeting').catch(() => undefined)
    },
    [openPreview],
  )

  const look = useCallback(() => {
    setScreen({ name: 'looking' })
    const find = async () => {
      try {
        const found = await page.lookup({ meetingCode: code, participantToken: findHostToken(code) })
        await setRoom({
          language: found.room.ui_settings.language,
          isChoiceAllowed: found.room.available_features.is_locale_switcher_available,
        })
        if (current.current.isMounted) {
          setLookup(found)
          prepare(found)
        }
      } catch (error) {
        const { code: why, retryAfter } = error instanceof PageError ? error : new PageError('unavailable')
        setScreen({ name: 'problem', code: why, retryAfter })
      }
    }
    void find()
  }, [page, code, prepare, setRoom])

  useEffect(look, [look])
  useRecount(page, code, screen.name === 'prejoin', setLookup)

  const enter = useCallback(
    async (name: string, previewed: Preview | null) => {
      const { Call } = await loadCall()
      let preview = previewed
      let stopBringing = nothing
      const { tracks, wants } = preview
        ? luggageOf(preview)
        : {
            tracks: { microphone: null, camera: null },
            wants: current.current.lastWants ?? {
              microphone: remembersOn('microphone'),
              camera: remembersOn('camera'),
            },
          }
      const call = new Call({
        page,
        who: { meetingCode: code, participantToken: findHostToken(code), name },
        role: lookup?.role ?? 'guest',
        needsApproval: lookup?.room.join_approval_level === 'explicit_approval',
        hasChat: lookup?.room.available_features.is_chat_available ?? false,
        tracks,
        wants,
        deviceIds: devices.getSnapshot().chosen,
      })
      current.current.call = call
      follow(call, {
        onBeforeDoor: (step) => {
          if (!current.current.isMounted) {
            return
          }
          // Somebody who rejoins comes without a preview.
          const shown = preview ?? openPreview(wants)
          if (stopBringing === nothing) {
            const bring = () => call.bring(luggageOf(shown))
            bring()
            stopBringing = shown.subscribe(bring)
          }
          preview = shown
          setScreen({ name: 'waiting', preview: shown, step })
        },
        onInside: () => {
          stopBringing()
          preview?.release()
          current.current.preview = null
          setScreen({ name: 'inside', call })
        },
        onOver: (reason) => {
          stopBringing()
          const { microphone, camera } = call.getSnapshot()
          current.current.call = null
          current.current.lastWants = { microphone: microphone.isOn, camera: camera.isOn }
          if (reason.kind === 'left' && preview !== null && current.current.preview === preview) {
            // Still before the door: the preview goes on, with the tracks it has.
            setScreen({ name: 'prejoin', preview, isJoining: false, failure: null })
          } else if (reason.kind !== 'refused') {
            setScreen({ name: 'over', reason: reason.kind })
          } else if (preview !== null && WORTH_REPEATING.has(reason.code)) {
            // The call has stopped the tracks it was given; open them again for the preview.
            void preview.start()
            setScreen({ name: 'prejoin', preview, isJoining: false, failure: reason.code })
          } else {
            setScreen({ name: 'problem', code: reason.code, retryAfter: null })
          }
        },
      })
      call.join()
    },
    [page, code, lookup, devices, openPreview],
  )

  return {
    screen,
    lookup,
    devices,
    initialName: rememberedChoices.read('name')?.slice(0, 64) ?? '',
    look,
    lookAsGuest: () => {
      forgetHostToken(code)
      look()
    },
    join: (name) => {
      const { preview } = current.current
      if (preview === null || screen.name !== 'prejoin' || screen.isJoining) {
        return
      }
      rememberedChoices.write('name', name)
      setScreen({ ...screen, isJoining: true, failure: null })
      enter(name, preview).catch(() => setScreen({ ...screen, isJoining: false, failure: 'offline' }))
    },
    rejoin: () => {
      const name = rememberedChoices.read('name')
      if (name === null) {
        look()
        return
      }
      setScreen({ name: 'entering' })
      enter(name, null).catch(() => setScreen({ name: 'problem', code: 'offline', retryAfter: null }))
    },
    cancelWaiting: () => {
      const { call } = current.current
      if (screen.name === 'waiting' && call !== null) {
        call.bring({ ...luggageOf(screen.preview), tracks: { microphone: null, camera: null } })
        call.leave()
      }
    },
    chooseDevice: (kind, id) => {
      const { preview, call } = current.current
      devices.choose(kind, id)
      void call?.switchDevice(kind, id)
      if (kind !== 'speaker') {
        void preview?.reopen(kind)
      }
    },
    turnPreview: (kind, isOn) => {
      rememberedChoices.write(`${kind}On`, String(isOn))
      void current.current.preview?.turn(kind, isOn)
    },
  }
}

function nothing(): void {}

function luggageOf(preview: Preview): Luggage {
  const { microphone, camera } = preview.getSnapshot()
  return {
    tracks: { microphone: microphone.track, camera: camera.track },
    wants: { microphone: microphone.isOn, camera: camera.isOn },
  }
}

function remembersOn(kind: InputKind): boolean {
  return rememberedChoices.read(`${kind}On`) !== 'false'
}

function startsOn(kind: InputKind, wish: 'on' | 'off' | 'default'): boolean {
  return wish === 'default' ? remembersOn(kind) : wish === 'on'
}

interface Milestones {
  onBeforeDoor: (step: HoldReason | 'entering') => void
  onInside: () => void
  onOver: (reason: CloseReason) => void
}

/** Tells every step before the door, once when the call is inside, and once when it is over. */
function follow(call: Call, { onBeforeDoor, onInside, onOver }: Milestones): void {
  let wasInside = false
  let step: HoldReason | 'entering' | null = null
  const stop = call.subscribe(() => {
    const { connection } = call.getSnapshot()
    const next = wasInside ? null : stepOf(connection, step)
    if (next !== null && next !== step) {
      step = next
      onBeforeDoor(next)
    }
    if (connection.phase === 'connected' && !wasInside) {
      wasInside = true
      onInside()
    }
    if (connection.phase === 'closed') {
      stop()
      onOver(connection.reason)
    }
  })
}

/** What somebody before the door waits for; unchanged while a lost token is asked for anew. */
function stepOf(connection: ConnectionState, before: HoldReason | 'entering' | null): HoldReason | 'entering' | null {
  if (connection.phase === 'held') {
    return connection.reason
  }
  return connection.phase === 'connecting' && before !== null ? 'entering' : before
}

/** Keeps the number of people inside fresh while somebody waits before the door. */
function useRecount(page: PageClient, code: string, isWaiting: boolean, setLookup: (lookup: Lookup) => void): void {
  useEffect(() => {
    if (!isWaiting) {
      return
    }
    const recount = async () => {
      if (document.visibilityState !== 'visible') {
        return
      }
      try {
        setLookup(await page.lookup({ meetingCode: code, participantToken: findHostToken(code) }))
      } catch {
        // The number stays as it was; joining will say what is wrong.
      }
    }
    const timer = window.setInterval(() => void recount(), RECOUNT_MS)
    return () => window.clearInterval(timer)
  }, [page, code, isWaiting, setLookup])
}
