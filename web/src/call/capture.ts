/** Opens cameras and microphones, one at a time or both under a single permission prompt. */
import { preferences } from '@/lib/preferences'
import { type DeviceProblem, explainFailure, findObstacle, inspectSurroundings } from './deviceProblem'

export type InputKind = 'microphone' | 'camera'

export interface CaptureResult {
  track: MediaStreamTrack | null
  problem: DeviceProblem | null
}

/** The browser leaves original sound alone, and does to voices all it can. */
export function soundConstraints(): Pick<
  MediaTrackConstraints,
  'echoCancellation' | 'noiseSuppression' | 'autoGainControl'
> {
  const isProcessed = !preferences.getSnapshot().hasOriginalSound
  return { echoCancellation: isProcessed, noiseSuppression: isProcessed, autoGainControl: isProcessed }
}

export function microphoneConstraints(deviceId: string | null): MediaTrackConstraints {
  return {
    ...soundConstraints(),
    ...(deviceId === null ? {} : { deviceId: { ideal: deviceId } }),
  }
}

export function cameraConstraints(deviceId: string | null): MediaTrackConstraints {
  return {
    width: { ideal: 1280 },
    height: { ideal: 720 },
    frameRate: { ideal: 30, max: 30 },
    ...(deviceId === null ? { facingMode: 'user' } : { deviceId: { ideal: deviceId } }),
  }
}

/** The side of a phone on which the other camera is. */
export function otherSide({ facingMode }: MediaTrackSettings): 'user' | 'environment' {
  return facingMode === 'environment' ? 'user' : 'environment'
}

const CONSTRAINTS = { microphone: microphoneConstraints, camera: cameraConstraints }

/** Opens one device. Never throws: a problem is a result. */
export async function openInput(kind: InputKind, deviceId: string | null): Promise<CaptureResult> {
  const obstacle = findObstacle(inspectSurroundings(kind))
  if (obstacle !== null) {
    return { track: null, problem: obstacle }
  }
  try {
    const wanted = CONSTRAINTS[kind](deviceId)
    const stream = await navigator.mediaDevices.getUserMedia(
      kind === 'microphone' ? { audio: wanted } : { video: wanted },
    )
    return { track: stream.getTracks()[0] ?? null, problem: null }
  } catch (error) {
    return { track: null, problem: explainFailure(error) }
  }
}

/** Opens the camera on this side of a phone. Never throws. */
export async function openCameraAt(facingMode: 'user' | 'environment'): Promise<CaptureResult> {
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ video: { ...cameraConstraints(null), facingMode } })
    return { track: stream.getTracks()[0] ?? null, problem: null }
  } catch (error) {
    return { track: null, problem: explainFailure(error) }
  }
}

/**
 * Opens both under one prompt. When that fails, each alone, so that a missing camera does not cost
 * the microphone.
 */
export async function openBoth(
  ids: Readonly<Record<InputKind, string | null>>,
): Promise<Record<InputKind, CaptureResult>> {
  const obstructed = findObstacle(inspectSurroundings('microphone')) ?? findObstacle(inspectSurroundings('camera'))
  if (obstructed === null) {
    try {
      const stream = await navigator.mediaDevices.getUserMedia({
        audio: microphoneConstraints(ids.microphone),
        video: cameraConstraints(ids.camera),
      })
      return {
        microphone: { track: stream.getAudioTracks()[0] ?? null, problem: null },
        camera: { track: stream.getVideoTracks()[0] ?? null, problem: null },
      }
    } catch {
      // Which of the two failed is found out below.
    }
  }
  const microphone = await openInput('microphone', ids.microphone)
  const camera = await openInput('camera', ids.camera)
  return { microphone, camera }
}
