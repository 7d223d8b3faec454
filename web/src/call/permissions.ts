/** The answer a browser would give if camera or microphone were asked for now. */
import type { InputKind } from './capture'

/** `unknown` where the browser does not tell. */
export type Permission = 'granted' | 'denied' | 'prompt' | 'unknown'

export async function permissionFor(kind: InputKind): Promise<Permission> {
  try {
    return (await query(kind))?.state ?? 'unknown'
  } catch {
    return 'unknown'
  }
}

/** Calls back when a person allows this input in the browser's settings; returns what stops it. */
export function onAllowed(kind: InputKind, callback: () => void): () => void {
  const lifetime = new AbortController()
  query(kind)
    .then((status) => {
      const changed = () => status?.state === 'granted' && callback()
      if (!lifetime.signal.aborted) {
        status?.addEventListener('change', changed, { signal: lifetime.signal })
      }
    })
    .catch(() => undefined)
  return () => lifetime.abort()
}

async function query(kind: InputKind): Promise<PermissionStatus | undefined> {
  return navigator.permissions?.query({ name: kind as PermissionName })
}
