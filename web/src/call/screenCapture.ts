/** Asks the browser for a screen, and says what came of it. Knows no meeting. */

/** The kind of surface that is shared, as far as the browser tells. */
export type Surface = 'tab' | 'window' | 'monitor' | 'unknown'

/** The content of a screen: still text that has to be sharp, or moving pictures. */
export type ShareKind = 'text' | 'video'

export type CaptureProblem =
  /** The operating system keeps the browser from the screen. */
  | 'denied_by_system'
  /** The page around this one does not pass the permission on. */
  | 'blocked_by_embedder'
  | 'failed'

export interface CapturedScreen {
  video: MediaStreamTrack
  audio: MediaStreamTrack | null
  surface: Surface
  /** Whether there was sound that would have carried everybody's voices back to them. */
  isSoundLeftOut: boolean
}

/** Null as `problem`: the person changed their mind, and nothing is said. */
export type CaptureOutcome =
  | { screen: CapturedScreen; problem: null }
  | { screen: null; problem: CaptureProblem | null }

/** Size in pixels, pictures and bits a second. */
export const QUALITIES = {
  text: { hint: 'detail', width: 1920, height: 1080, frameRate: 15, bitrate: 2_500_000, keeps: 'maintain-resolution' },
  video: { hint: 'motion', width: 1280, height: 720, frameRate: 30, bitrate: 2_500_000, keeps: 'maintain-framerate' },
} as const

const SURFACES: Readonly<Record<string, Surface>> = { browser: 'tab', window: 'window', monitor: 'monitor' }

/** Options and settings that TypeScript's library does not know yet. */
type AudioWish = MediaTrackConstraints & { restrictOwnAudio: boolean; suppressLocalAudioPlayback: boolean }
type ScreenWish = DisplayMediaStreamOptions & {
  audio: AudioWish
  selfBrowserSurface: 'exclude'
  surfaceSwitching: 'include'
  systemAudio: 'include'
  windowAudio: 'window'
}

export function canCaptureScreen(): boolean {
  return window.isSecureContext && typeof navigator.mediaDevices?.getDisplayMedia === 'function'
}

/** To be called from a press: the browser shows its picker. Never throws. */
export async function captureScreen(): Promise<CaptureOutcome> {
  const wish: ScreenWish = {
    video: { width: { max: 3840 }, height: { max: 2160 }, frameRate: { ideal: 30, max: 30 } },
    audio: { restrictOwnAudio: true, suppressLocalAudioPlayback: false },
    selfBrowserSurface: 'exclude',
    surfaceSwitching: 'include',
    systemAudio: 'include',
    windowAudio: 'window',
  }
  try {
    const screen = readCapture(await navigator.mediaDevices.getDisplayMedia(wish))
    return screen === null ? { screen, problem: 'failed' } : { screen, problem: null }
  } catch (error) {
    return { screen: null, problem: explainCapture(error) }
  }
}

/** The captured screen, by its tracks, not by what was asked for. Null without a picture. */
export function readCapture(stream: MediaStream): CapturedScreen | null {
  const [video] = stream.getVideoTracks()
  const [audio = null] = stream.getAudioTracks()
  if (video === undefined) {
    audio?.stop()
    return null
  }
  const surface = SURFACES[(video.getSettings() as { displaySurface?: string }).displaySurface ?? ''] ?? 'unknown'
  const isOwnRestricted =
    (audio?.getSettings() as { restrictOwnAudio?: boolean } | undefined)?.restrictOwnAudio === true
  const isSoundLeftOut = audio !== null && surface === 'monitor' && !isOwnRestricted
  if (isSoundLeftOut) {
    audio.stop()
  }
  return { video, audio: isSoundLeftOut ? null : audio, surface, isSoundLeftOut }
}

/**
 * Why there is no screen; null when the person said no. Chromium tells the cases apart by its
 * message; Firefox says "not found" where macOS does not let it see the screen.
 */
export function explainCapture(error: unknown): CaptureProblem | null {
  const { name, message } = error instanceof Error || error instanceof DOMException ? error : { name: '', message: '' }
  if (name === 'NotAllowedError') {
    if (/permissions? policy|feature policy/i.test(message)) {
      return 'blocked_by_embedder'
    }
    return /by system|system denied/i.test(message) ? 'denied_by_system' : null
  }
  return name === 'AbortError' ? null : name === 'NotFoundError' ? 'denied_by_system' : 'failed'
}

/** A tab with sound is mostly a film; everything else is mostly read. */
export function likelyKind({ surface, audio }: Pick<CapturedScreen, 'surface' | 'audio'>): ShareKind {
  return surface === 'tab' && audio !== null ? 'video' : 'text'
}

/** Makes a track what a kind of share wants. A browser that cannot goes on as it is. */
export async function tune(track: MediaStreamTrack, kind: ShareKind): Promise<void> {
  const { hint, width, height, frameRate } = QUALITIES[kind]
  track.contentHint = hint
  await track
    .applyConstraints({ width: { max: width }, height: { max: height }, frameRate: { max: frameRate } })
    .catch(() => undefined)
}
