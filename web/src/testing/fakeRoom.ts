import type { Room } from 'livekit-client'

export interface FakeParticipant {
  trackPublications: Map<string, { track?: object }>
}

/** Stands in for a LiveKit room: emits what it is told to, and remembers what was asked of it. */
export class FakeRoom {
  readonly asked: string[] = []
  readonly remoteParticipants = new Map<string, FakeParticipant>()
  readonly #listeners = new Map<string, ((...values: unknown[]) => void)[]>()
  /** The results of the next connections; after the last one they succeed. */
  connects: ('succeeds' | 'fails')[] = []

  readonly localParticipant = {
    identity: 'me',
    name: 'Ada',
    isLocal: true,
    getTrackPublication: () => undefined,
    attributes: {},
    setMicrophoneEnabled: async (isOn: boolean) => void this.asked.push(`microphone ${isOn ? 'on' : 'off'}`),
    setCameraEnabled: async (isOn: boolean) => void this.asked.push(`camera ${isOn ? 'on' : 'off'}`),
    publishTrack: async (_track: unknown, { source }: { source: string }) => void this.asked.push(`publish ${source}`),
  }

  on(event: string, listener: (...values: unknown[]) => void): this {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener])
    return this
  }

  emit(event: string, ...values: unknown[]): void {
    for (const listener of this.#listeners.get(event) ?? []) {
      listener(...values)
    }
  }

  async connect(): Promise<void> {
    this.asked.push('connect')
    if (this.connects.shift() === 'fails') {
      throw new Error('could not connect')
    }
  }

  async disconnect(): Promise<void> {
    this.asked.push('disconnect')
  }

  /** The fake has what a call uses of a room. */
  asRoom(): Room {
    return this as unknown as Room
  }
}
