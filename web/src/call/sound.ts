/**
 * Plays what the others say: one audio element per track, also of people whose tile is on another
 * page.
 */
import { type RemoteTrack, type Room, RoomEvent, Track, TrackEvent } from 'livekit-client'
import { Cell } from '@/lib/store'

export interface SoundState {
  /** False while the browser holds sound back until the person clicks. */
  canPlay: boolean
}

export class Sound extends Cell<SoundState> {
  readonly #room: Room
  readonly #elements = new Map<RemoteTrack, HTMLMediaElement>()
  readonly #heldBack = new Set<RemoteTrack>()

  constructor(room: Room) {
    super({ canPlay: true })
    this.#room = room
    room
      .on(RoomEvent.TrackSubscribed, (track) => this.#play(track))
      .on(RoomEvent.TrackUnsubscribed, (track) => this.#drop(track))
      .on(RoomEvent.AudioPlaybackStatusChanged, () => this.#review())
  }

  /** To be called from a click: starts the sound that the browser held back. */
  async start(): Promise<void> {
    await this.#room.startAudio()
  }

  stop(): void {
    for (const track of [...this.#elements.keys()]) {
      this.#drop(track)
    }
  }

  #play(track: RemoteTrack): void {
    if (track.kind !== Track.Kind.Audio || this.#elements.has(track)) {
      return
    }
    track.on(TrackEvent.AudioPlaybackFailed, () => this.#review(() => this.#heldBack.add(track)))
    track.on(TrackEvent.AudioPlaybackStarted, () => this.#review(() => this.#heldBack.delete(track)))
    const element = track.attach()
    element.hidden = true
    document.body.append(element)
    this.#elements.set(track, element)
  }

  #drop(track: RemoteTrack): void {
    const element = this.#elements.get(track)
    if (element !== undefined) {
      this.#elements.delete(track)
      track.detach(element)
      element.remove()
      this.#review(() => this.#heldBack.delete(track))
    }
  }

  /**
   * livekit-client also says that sound is held back while its own audio context does not run, as
   * in Firefox without speakers, or where nobody has come yet. Nothing would be gained by a click.
   */
  #review(change: () => unknown = () => undefined): void {
    change()
    this.update({ canPlay: this.#room.canPlaybackAudio || this.#heldBack.size === 0 })
  }
}
