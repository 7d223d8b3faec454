/**
 * How loud this person hears each of the others, and each shared screen: 0 to 2, where 1 is as it
 * was sent. By tile id, so that a choice outlives a reconnect; it ends with the call.
 */
import { RemoteAudioTrack, type RemoteParticipant, type RemoteTrack, type Room, RoomEvent, Track } from 'livekit-client'
import { Cell } from '@/lib/store'

export interface VolumesState {
  /** Where there is none, it is 1. */
  byTile: ReadonlyMap<string, number>
  /** The tile whose volume the person at this page is about to set. */
  setting: { id: string; name: string } | null
}

export const LOUDEST = 2

export class Volumes extends Cell<VolumesState> {
  readonly #room: Room
  /** Plays what is louder than it was sent, which an element alone cannot. */
  #louder: AudioContext | null = null

  constructor(room: Room) {
    super({ byTile: new Map(), setting: null })
    this.#room = room
    room
      .on(RoomEvent.TrackSubscribed, (track, _publication, participant) => {
        const volume = this.getSnapshot().byTile.get(tileOf(participant, track))
        if (volume !== undefined && track instanceof RemoteAudioTrack) {
          this.#apply(track, volume)
        }
      })
      .on(RoomEvent.ActiveDeviceChanged, (kind) => kind === 'audiooutput' && this.#followSpeaker())
  }

  /** Opens the question how loud somebody shall be; null closes it. */
  ask(tile: { id: string; name: string } | null): void {
    this.update({ setting: tile })
  }

  /** Whether the person or screen of this tile sends sound. */
  hasSound(tileId: string): boolean {
    return this.#tracks(tileId).length > 0
  }

  set(tileId: string, volume: number): void {
    const kept = Math.min(LOUDEST, Math.max(0, volume))
    this.update({ byTile: new Map([...this.getSnapshot().byTile, [tileId, kept]]) })
    for (const track of this.#tracks(tileId)) {
      this.#apply(track, kept)
    }
  }

  stop(): void {
    void this.#louder?.close()
    this.#louder = null
  }

  #tracks(tileId: string): RemoteAudioTrack[] {
    return [...this.#room.remoteParticipants.values()].flatMap((participant) =>
      [...participant.audioTrackPublications.values()].flatMap(({ track }) =>
        track instanceof RemoteAudioTrack && tileOf(participant, track) === tileId ? [track] : [],
      ),
    )
  }

  #apply(track: RemoteAudioTrack, volume: number): void {
    // An element refuses volumes above 1, so that it must not be asked for one even in between.
    if (volume > 1) {
      track.setAudioContext(this.#context())
      track.setVolume(volume)
    } else {
      track.setVolume(volume)
      track.setAudioContext(undefined)
    }
  }

  #context(): AudioContext {
    if (this.#louder === null) {
      this.#louder = new AudioContext()
      this.#followSpeaker()
    }
    return this.#louder
  }

  #followSpeaker(): void {
    const context = this.#louder as (AudioContext & { setSinkId?: (id: string) => Promise<void> }) | null
    const speaker = this.#room.getActiveDevice('audiooutput')
    // Where it cannot be chosen, or is gone, the usual one plays.
    context?.setSinkId?.(speaker === undefined || speaker === 'default' ? '' : speaker).catch(() => undefined)
  }
}

function tileOf({ identity }: RemoteParticipant, { source }: RemoteTrack): string {
  return source === Track.Source.ScreenShareAudio ? `${identity}:screen` : identity
}
