/**
 * Why a camera or microphone cannot be used, in terms a person can act on. Source of the error
 * names: Media Capture and Streams, section 10.3.1 (getUserMedia); the messages are what Chromium
 * and Safari add to tell cases apart.
 */
export type DeviceProblem =
  /** The person, or an earlier answer the browser remembers, said no. */
  | 'denied'
  /** The operating system keeps the browser from the device. */
  | 'denied_by_system'
  /** The page around this one does not pass the permission on. */
  | 'blocked_by_embedder'
  /** A phone took it, for a telephone call for example, and did not give it back. */
  | 'taken'
  /** Another program holds the device, or it broke. */
  | 'in_use'
  /** Nothing is plugged in. */
  | 'not_found'
  /** The device was there and went while it was in use. */
  | 'unplugged'
  /** The page did not come over https. */
  | 'insecure'
  /** The browser has no media devices at all. */
  | 'unsupported'
  | 'unknown'

export interface DeviceSurroundings {
  isSecureContext: boolean
  hasMediaDevices: boolean
  /** False when the embedding page's permission policy says no. */
  isAllowedByPolicy: boolean
}

export function findObstacle(surroundings: DeviceSurroundings): DeviceProblem | null {
  if (!surroundings.isSecureContext) {
    return 'insecure'
  }
  if (!surroundings.hasMediaDevices) {
    return 'unsupported'
  }
  return surroundings.isAllowedByPolicy ? null : 'blocked_by_embedder'
}

export function explainFailure(error: unknown): DeviceProblem {
  const { name, message } = error instanceof Error || error instanceof DOMException ? error : { name: '', message: '' }
  switch (name) {
    case 'NotAllowedError':
    case 'PermissionDeniedError':
    case 'SecurityError':
      return /by system|system denied/i.test(message) ? 'denied_by_system' : 'denied'
    case 'NotFoundError':
    case 'DevicesNotFoundError':
    case 'OverconstrainedError':
      return 'not_found'
    case 'NotReadableError':
    case 'TrackStartError':
    case 'AbortError':
      return 'in_use'
    default:
      return 'unknown'
  }
}

/**
 * Looks at the browser this page runs in. `feature` is a policy-controlled feature: `camera` or
 * `microphone`.
 */
export function inspectSurroundings(feature: 'camera' | 'microphone'): DeviceSurroundings {
  const policy = (document as Document & { featurePolicy?: { allowsFeature(name: string): boolean } }).featurePolicy
  return {
    isSecureContext: window.isSecureContext,
    hasMediaDevices: typeof navigator.mediaDevices?.getUserMedia === 'function',
    isAllowedByPolicy: policy?.allowsFeature(feature) ?? true,
  }
}
