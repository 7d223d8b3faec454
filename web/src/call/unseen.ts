/**
 * Tells the server which pictures are not wanted, because nobody shows them.
 *
 * livekit-client says so of a picture that was shown and is no more; of one that was never shown it
 * says nothing, so that it keeps coming (client-sdk-js issue 1625). With people on several pages
 * that would be most of them.
 */
import { type RemoteTrack, RemoteVideoTrack, type Room, RoomEvent } from 'livekit-client'

/** The stage has shown a new picture by then, if it is going to, in milliseconds. */
const SHOWN_WITHIN_MS = 300

/** Watches the room for as long as it lives. */
export function declineUnseen(room: Room): void {
  room.on(RoomEvent.TrackSubscribed, (track: RemoteTrack) => {
    window.setTimeout(() => {
      if (track instanceof RemoteVideoTrack && track.attachedElements.length === 0) {
        // Shown and taken away again: now livekit-client knows that it is not visible.
        const nowhere = document.createElement('video')
        track.attach(nowhere)
        track.detach(nowhere)
      }
    }, SHOWN_WITHIN_MS)
  })
}
