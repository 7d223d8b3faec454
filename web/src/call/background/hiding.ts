/** Hides the background of a camera that livekit-client sends. */
import type { LocalVideoTrack } from 'livekit-client'
import { fetchFilter } from './fetchFilter'

/** Whether the background of this track is hidden. */
export function isHidden(track: LocalVideoTrack): boolean {
  return track.getProcessor() !== undefined
}

/**
 * Returns once every frame of the track is hidden; to be called before it is sent. Throws
 * `BackgroundError` when that cannot be done, and then the track must not be sent.
 */
export async function hideBackground(
  track: LocalVideoTrack,
  onTrouble: (trouble: 'failed' | 'slow') => void,
): Promise<void> {
  const filter = await fetchFilter(onTrouble)
  try {
    await track.setProcessor(filter)
  } catch (error) {
    await filter.destroy()
    throw error
  }
}
