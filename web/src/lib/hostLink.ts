import { entryWishesOf } from './entryWishes'
import { type KeyValueStore, tabSecrets } from './storage'

export interface HostLink {
  meetingCode: string
  participantToken: string
  /** Where the address bar should go: the same page without the secrets. */
  path: string
}

/**
 * The host link in an address, or null. Its form is fixed: `/?room_token=…&participant_token=…`,
 * with or without a brand's path before it.
 */
export function parseHostLink(pathname: string, search: string): HostLink | null {
  const query = new URLSearchParams(search)
  const meetingCode = query.get('room_token')?.trim()
  const participantToken = query.get('participant_token')?.trim()
  if (!meetingCode || !participantToken || participantToken.length > 4096 || !/^[\w-]{1,64}$/.test(meetingCode)) {
    return null
  }
  const brand = pathname.split('/').filter(Boolean)[0]
  const path = brand ? `/${encodeURIComponent(brand)}/${meetingCode}` : `/${meetingCode}`
  return { meetingCode, participantToken, path: `${path}${entryWishesOf(query)}` }
}

const key = (meetingCode: string) => `host.${meetingCode}`

export function keepHostToken(meetingCode: string, token: string, store: KeyValueStore = tabSecrets): void {
  store.write(key(meetingCode), token)
}

export function findHostToken(meetingCode: string, store: KeyValueStore = tabSecrets): string | null {
  return store.read(key(meetingCode))
}

export function forgetHostToken(meetingCode: string, store: KeyValueStore = tabSecrets): void {
  store.remove(key(meetingCode))
}
