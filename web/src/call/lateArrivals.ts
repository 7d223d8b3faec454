/**
 * Tells the room of participants and tracks that arrived while livekit-client was about to finish a
 * full reconnect.
 *
 * Its `Reconnected` can come up to two seconds before its engine calls the attempt finished; what
 * arrives in between goes to a buffer that nobody empties (client-sdk-js issue 2074). After a
 * restart of the server everybody returns in just those two seconds, and without `TrackSubscribed`
 * nobody plays their sound.
 */
import { type RemoteParticipant, type RemoteTrack, type Room, RoomEvent } from 'livekit-client'

/**
 * When to look, counted from `Reconnected`: during the gap, after its usual end, and for slow
 * machines.
 */
const LOOK_AFTER_MS = [500, 1500, 2500, 5000, 10_000]

/** Watches the room for as long as it lives. */
export function announceLateArrivals(room: Room): void {
  const announced = new WeakSet<RemoteParticipant | RemoteTrack>()
  let timers: number[] = []

  const stopLooking = () => {
    timers.forEach(window.clearTimeout)
    timers = []
  }
  const look = () => {
    for (const participant of [...room.remoteParticipants.values()]) {
      if (!announced.has(participant)) {
        room.emit(RoomEvent.ParticipantConnected, participant)
      }
      for (const publication of participant.trackPublications.values()) {
        const { track } = publication
        if (track !== undefined && !announced.has(track)) {
          room.emit(RoomEvent.TrackSubscribed, track, publication, participant)
        }
      }
    }
  }
  const onConnected = (participant: RemoteParticipant) => void announced.add(participant)
  const onSubscribed = (track: RemoteTrack) => void announced.add(track)
  const onReconnected = () => {
    stopLooking()
    for (const participant of room.remoteParticipants.values()) {
      announced.add(participant)
      for (const { track } of participant.trackPublications.values()) {
        if (track !== undefined) {
          announced.add(track)
        }
      }
    }
    timers = LOOK_AFTER_MS.map((delay) => window.setTimeout(look, delay))
  }

  room
    .on(RoomEvent.ParticipantConnected, onConnected)
    .on(RoomEvent.TrackSubscribed, onSubscribed)
    .on(RoomEvent.Reconnected, onReconnected)
    .on(RoomEvent.Reconnecting, stopLooking)
    .on(RoomEvent.Disconnected, stopLooking)
}
