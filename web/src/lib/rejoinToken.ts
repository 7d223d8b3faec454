import { type KeyValueStore, tabSecrets } from './storage'

/**
 * The rejoin token lets somebody come back in this tab as the same participant, over a reload too.
 */
const key = (meetingCode: string) => `rejoin.${meetingCode}`
const lobbyKey = (meetingCode: string) => `lobby.${meetingCode}`

export function keepRejoinToken(meetingCode: string, token: string, store: KeyValueStore = tabSecrets): void {
  store.write(key(meetingCode), token)
}

export function findRejoinToken(meetingCode: string, store: KeyValueStore = tabSecrets): string | null {
  return store.read(key(meetingCode))
}

/** The token of the last stay in the waiting room: by it the server knows who asks again. */
export function keepLobbyToken(meetingCode: string, token: string, store: KeyValueStore = tabSecrets): void {
  store.write(lobbyKey(meetingCode), token)
}

export function findLobbyToken(meetingCode: string, store: KeyValueStore = tabSecrets): string | null {
  return store.read(lobbyKey(meetingCode))
}
