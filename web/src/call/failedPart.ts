import { ConnectionError, ConnectionErrorReason } from 'livekit-client'
import type { FailedPart } from './connection'

/**
 * The part of a failed connection that could not be set up; null when the server answered and
 * refused.
 */
export function failedPart(error: unknown): FailedPart | null {
  if (!(error instanceof ConnectionError)) {
    return null
  }
  switch (error.reason) {
    case ConnectionErrorReason.ServerUnreachable:
    case ConnectionErrorReason.Timeout:
    case ConnectionErrorReason.WebSocket:
      return 'signalling'
    case ConnectionErrorReason.InternalError:
      // With a status it is the server's own failure, told over HTTP.
      return error.context === undefined ? 'media' : null
    default:
      return null
  }
}
