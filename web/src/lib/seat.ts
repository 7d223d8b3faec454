import { type KeyValueStore, tabSecrets } from './storage'

/** What makes somebody the same participant again who comes back in this tab, over a reload too. */
const key = (meetingCode: string) => `seat.${meetingCode}`

export function keepSeat(meetingCode: string, controlToken: string, store: KeyValueStore = tabSecrets): void {
  store.write(key(meetingCode), controlToken)
}

export function findSeat(meetingCode: string, store: KeyValueStore = tabSecrets): string | null {
  return store.read(key(meetingCode))
}
