/**
 * Data packets of the server, by topic. Packets that participants send to one another never reach a
 * handler: only the server speaks without being a participant, so nobody can claim what the server
 * says.
 */
import { type DataPacket_Kind, type RemoteParticipant, type Room, RoomEvent } from 'livekit-client'

/** Hints of the server about the room: JSON objects with a `type`. */
export const ROOM_TOPIC = 'moothall.room'

export type TopicHandler = (bytes: Uint8Array) => void

export class Topics {
  readonly #handlers = new Map<string, TopicHandler[]>()

  constructor(room: Room) {
    room.on(
      RoomEvent.DataReceived,
      (
        bytes: Uint8Array,
        sender?: RemoteParticipant,
        _kind?: DataPacket_Kind,
        topic?: string,
        _encryption?: unknown,
        senderIdentity?: string,
      ) => {
        // A sender who has left is unknown here and still has an identity.
        if (sender === undefined && !senderIdentity && topic !== undefined) {
          for (const handle of this.#handlers.get(topic) ?? []) {
            handle(bytes)
          }
        }
      },
    )
  }

  /**
   * Calls `handle` with every packet of the server on this topic, for as long as the call lives.
   */
  on(topic: string, handle: TopicHandler): void {
    this.#handlers.set(topic, [...(this.#handlers.get(topic) ?? []), handle])
  }
}
