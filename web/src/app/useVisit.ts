/**
 * One person's visit to one meeting, from the lookup to the last page:
 * looking › prejoin › (joining) › (waiting) › inside › over, and problem from anywhere.
 */
import { useCallback, useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { type Lookup, type PageClient, PageError, type PageErrorCode } from '@/api/page'
import { themePictures } from '@/call/background/themePictures'
import { isEmbedded } from '@/call/browser'
import type { Call } from '@/call/call'
import type { InputKind } from '@/call/capture'
import { ConnectionCheck } from '@/call/check/connectionCheck'
import type { CloseReason, ConnectionState, WaitReason } from '@/call/connection'
import { type DeviceKind, DeviceList } from '@/call/devices'
import type { InitialMedia } from '@/call/inputs'
import { permissionFor } from '@/call/permissions'
import { Preview } from '@/call/preview'
import { parseEntryWishes, skipPrejoin } from '@/lib/entryWishes'
import { findHostToken, forgetHostToken } from '@/lib/hostLink'
import { rememberedChoices } from '@/lib/storage'
import { useLanguage } from './LanguageProvider'
import { tellOfAdmission } from './tellOfAdmission'

export type Screen =
  | { name: 'looking' }
  | { name: 'problem'; code: PageErrorCode; retryAfter: number | null; mediaPorts?: string }
  | { name: 'prejoin'; preview: Preview; isJoining: boolean; failure: PageErrorCode | null }
  | { name: 'entering' }
  /** In the waiting room; `entering` once they may come in. */
  | { name: 'waiting'; preview: Preview; step: WaitReason | 'entering'; as: string }
  | { name: 'inside'; call: Call }
  | { name: 'over'; reason: Exclude<CloseReason['kind'], 'refused'>; retryAfter?: number | null }

export interface Visit {
  screen: Screen
  /** The last answer about the room; null until the first lookup succeeds. */
  lookup: Lookup | null
  devices: DeviceList
  /** The check of the connection, before joining. */
  check: ConnectionCheck
  initialName: string
  look: () => void
  lookAsGuest: () => void
  join: (name: string) => void
  rejoin: () => void
  /** Waits under another name. Raises `PageError`. */
  rename: (name: string) => Promise<void>
  /** Gives up waiting and goes back to the step before. */
  cancelWaiting: () => void
  turnPreview: (kind: InputKind, isOn: boolean) => void
  /** Uses another device in the preview, and in the meeting afterwards. */
  chooseDevice: (kind: DeviceKind, id: string) => void
}

/** The state of a visit that is not shown. */
interface Kept {
  preview: Preview | null
  call: Call | null
  /**
   * How microphone and camera were when the last call ended: somebody who left with the camera off
   * comes back so.
   */
  lastWants: Record<InputKind, boolean> | null
  isMounted: boolean
  /** The wish to skip the step before the meeting counts once. */
  hasSkipped: boolean
}

/** Refusals after which the person may simply press the button again. */
const WORTH_REPEATING: ReadonlySet<PageErrorCode> = new Set<PageErrorCode>([
  'offline',
  'too_many_requests',
  'unavailable',
])
/** The server takes no older results of a check. */
const A_DAY_S = 86_400
const RECOUNT_MS = 20_000

const loadCall = () => import('@/call/call')

export function useVisit(page: PageClient, code: string): Visit {
  const { t } = useTranslation()
  // A change of the language, which looking may bring, makes another `t`, and is no reason to look.
  const words = useRef(t)
  useEffect(() => {
    words.current = t
  })
  const { setRoom } = useLanguage()
  const [screen, setScreen] = useState<Screen>({ name: 'looking' })
  const [lookup, setLookup] = useState<Lookup | null>(null)
  const takeLookup = useCallback((found: Lookup) => {
    themePictures.show(found.room.theme)
    setLookup(found)
  }, [])
  const [devices] = useState(() => new DeviceList())
  const [check] = useState(
    () => new ConnectionCheck(() => page.openCheck({ meetingCode: code, participantToken: findHostToken(code) })),
  )
  const current = useRef<Kept>({ preview: null, call: null, lastWants: null, isMounted: true, hasSkipped: false })

  useEffect(() => devices.watch(), [devices])
  useEffect(() => {
    const kept = current.current
    kept.isMounted = true
    return () => {
      kept.isMounted = false
      check.stop()
      kept.preview?.stop()
      kept.call?.leave()
      kept.preview = null
      kept.call = null
    }
  }, [check])

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
      if (isEmbedded()) {
        preview.inspect()
      } else {
        void preview.start()
      }
      return preview
    },
    [devices],
  )

  const enter = useCallback(
    async (name: string, previewed: Preview | null, found: Lookup | null) => {
      const { Call } = await loadCall()
      let preview = previewed
      let stopBringing = nothing
      let wasWaiting = false
      const initialMedia = preview
        ? mediaOf(preview)
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
        role: found?.role ?? 'guest',
        needsApproval: found?.room.join_approval_level === 'explicit_approval',
        hasChat: found?.room.available_features.is_chat_available ?? false,
        initialMedia,
        deviceIds: devices.getSnapshot().chosen,
      })
      current.current.call = call
      follow(call, {
        onWaiting: (step) => {
          if (!current.current.isMounted) {
            return
          }
          wasWaiting = true
          // Somebody who rejoins comes without a preview.
          const shown = preview ?? openPreview(initialMedia.wants)
          if (stopBringing === nothing) {
            const bring = () => call.bring(mediaOf(shown))
            bring()
            stopBringing = shown.subscribe(bring)
          }
          preview = shown
          setScreen({ name: 'waiting', preview: shown, step, as: rememberedChoices.read('name') ?? name })
        },
        onInside: () => {
          stopBringing()
          if (preview !== null) {
            call.inputs.receive(preview.handOver())
          }
          current.current.preview = null
          if (wasWaiting) {
            tellOfAdmission(words.current('waiting.youAreIn'))
          }
          reportCheck(page, call, check)
          setScreen({ name: 'inside', call })
        },
        onOver: (reason) => {
          stopBringing()
          const { microphone, camera } = call.inputs.getSnapshot()
          current.current.call = null
          current.current.lastWants = { microphone: microphone.isOn, camera: camera.isOn }
          if (reason.kind === 'left' && preview !== null && current.current.preview === preview) {
            // Still in the waiting room: the preview goes on, with the tracks it has.
            setScreen({ name: 'prejoin', preview, isJoining: false, failure: null })
          } else if (reason.kind !== 'refused') {
            setScreen({
              name: 'over',
              reason: reason.kind,
              ...(reason.kind === 'denied' ? { retryAfter: reason.retryAfter } : {}),
            })
          } else if (preview !== null && WORTH_REPEATING.has(reason.code)) {
            // The call has stopped the tracks it was given; open them again for the preview.
            void preview.start()
            setScreen({ name: 'prejoin', preview, isJoining: false, failure: reason.code })
          } else {
            setScreen({ name: 'problem', code: reason.code, retryAfter: null, mediaPorts: call.visit.mediaPorts() })
          }
        },
      })
      call.join()
    },
    [page, code, devices, check, openPreview],
  )

  const prepare = useCallback(
    async (found: Lookup) => {
      const wishes = parseEntryWishes(window.location.search)
      const wants = {
        microphone: !wishes.off.microphone && startsOn('microphone', found.room.initial_join_options.microphone_state),
        camera: !wishes.off.camera && startsOn('camera', 'default'),
      }
      const skipped = current.current.hasSkipped
        ? null
        : await skipPrejoin({
            wishes,
            rememberedName: rememberedChoices.read('name'),
            isEmbedded: isEmbedded(),
            wants,
            isGranted: async (kind) => (await permissionFor(kind)) === 'granted',
          })
      current.current.hasSkipped = true
      if (!current.current.isMounted) {
        return
      }
      if (skipped === null) {
        setScreen({ name: 'prejoin', preview: openPreview(wants), isJoining: false, failure: null })
        // The code of the meeting is wanted soon; a failure shows when it is needed.
        loadCall().catch(() => undefined)
        import('./InMeeting').catch(() => undefined)
        return
      }
      const preview = openPreview(skipped.wants)
      void preview.start()
      setScreen({ name: 'entering' })
      await enter(skipped.name, preview, found)
    },
    [openPreview, enter],
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
          takeLookup(found)
          await prepare(found)
        }
      } catch (error) {
        const { code: why, retryAfter } = error instanceof PageError ? error : new PageError('unavailable')
        setScreen({ name: 'problem', code: why, retryAfter })
      }
    }
    void find()
  }, [page, code, prepare, setRoom, takeLookup])

  useEffect(look, [look])
  const endPrejoin = useCallback((why: PageErrorCode) => {
    current.current.preview?.stop()
    current.current.preview = null
    setScreen({ name: 'problem', code: why, retryAfter: null })
  }, [])
  useRecount(page, code, screen.name === 'prejoin' && !screen.isJoining, { setLookup: takeLookup, onOver: endPrejoin })

  return {
    screen,
    lookup,
    devices,
    check,
    initialName: parseEntryWishes(window.location.search).name ?? rememberedChoices.read('name')?.slice(0, 64) ?? '',
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
      // Joining has the connection to itself.
      check.stop()
      rememberedChoices.write('name', name)
      setScreen({ ...screen, isJoining: true, failure: null })
      enter(name, preview, lookup).catch(() => setScreen({ ...screen, isJoining: false, failure: 'offline' }))
    },
    rejoin: () => {
      const name = rememberedChoices.read('name')
      if (name === null) {
        look()
        return
      }
      setScreen({ name: 'entering' })
      enter(name, null, lookup).catch(() => setScreen({ name: 'problem', code: 'offline', retryAfter: null }))
    },
    rename: async (name) => {
      const shown = await current.current.call?.visit.rename(name)
      if (shown !== undefined) {
        rememberedChoices.write('name', shown)
        setScreen((now) => (now.name === 'waiting' ? { ...now, as: shown } : now))
      }
    },
    cancelWaiting: () => {
      const { call } = current.current
      if (screen.name === 'waiting' && call !== null) {
        call.bring({ ...mediaOf(screen.preview), tracks: { microphone: null, camera: null } })
        call.leave()
      }
    },
    chooseDevice: (kind, id) => {
      const { preview, call } = current.current
      devices.choose(kind, id)
      void call?.inputs.switchDevice(kind, id)
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

/** Tells the server what the last check found. Nobody has to wait for that, or to know. */
function reportCheck(page: PageClient, call: Call, check: ConnectionCheck): void {
  check.stop()
  const { result } = check.getSnapshot()
  if (result !== null) {
    const seconds = Math.round((Date.now() - result.at) / 1000)
    page
      .command(call.visit.controlToken(), 'reportCheck', {
        ...result.findings,
        age_s: Math.min(A_DAY_S, Math.max(0, seconds)),
      })
      .catch(() => undefined)
  }
}

function nothing(): void {}

function mediaOf(preview: Preview): InitialMedia {
  const { microphone, camera } = preview.getSnapshot()
  return {
    tracks: { microphone: microphone.track, camera: camera.track },
    wants: { microphone: microphone.isOn, camera: camera.isOn },
  }
}

function remembersOn(kind: InputKind): boolean {
  return rememberedChoices.read(`${kind}On`) !== 'false'
}

/** Nobody is made to start with an input on that they turned off here. */
function startsOn(kind: InputKind, wish: 'on' | 'off' | 'default'): boolean {
  return wish !== 'off' && remembersOn(kind)
}

interface Milestones {
  onWaiting: (step: WaitReason | 'entering') => void
  onInside: () => void
  onOver: (reason: CloseReason) => void
}

/** Tells every step in the waiting room, once when the call is inside, and once when it is over. */
function follow(call: Call, { onWaiting, onInside, onOver }: Milestones): void {
  let wasInside = false
  let step: WaitReason | 'entering' | null = null
  const stop = call.visit.subscribe(() => {
    const { connection } = call.visit.getSnapshot()
    const next = wasInside ? null : stepOf(connection, step)
    if (next !== null && next !== step) {
      step = next
      onWaiting(next)
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

/**
 * Why somebody is in the waiting room; unchanged while a forgotten lobby token is replaced.
 */
function stepOf(connection: ConnectionState, before: WaitReason | 'entering' | null): WaitReason | 'entering' | null {
  if (connection.phase === 'lobby') {
    return connection.reason
  }
  return connection.phase === 'connecting' && before !== null ? 'entering' : before
}

/** Keeps the number of people inside fresh while somebody is about to join. */
function useRecount(
  page: PageClient,
  code: string,
  isWaiting: boolean,
  { setLookup, onOver }: { setLookup: (lookup: Lookup) => void; onOver: (code: PageErrorCode) => void },
): void {
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
      } catch (error) {
        // Otherwise the number stays as it was; joining will say what is wrong.
        if (error instanceof PageError && (error.code === 'meeting_expired' || error.code === 'unknown_meeting')) {
          onOver('meeting_expired')
        }
      }
    }
    const timer = window.setInterval(() => void recount(), RECOUNT_MS)
    return () => window.clearInterval(timer)
  }, [page, code, isWaiting, setLookup, onOver])
}
