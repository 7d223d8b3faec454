/**
 * Browser storage that may be missing. Embedded pages and private windows can refuse it; then a
 * value lives as long as the page, which is all that joining a meeting needs.
 */
export interface KeyValueStore {
  read(key: string): string | null
  write(key: string, value: string): void
  remove(key: string): void
}

type StorageName = 'localStorage' | 'sessionStorage'

const PREFIX = 'moothall.'

function openStore(name: StorageName): KeyValueStore {
  const memory = new Map<string, string>()
  const backing = (): Storage | null => {
    try {
      return window[name]
    } catch {
      return null
    }
  }
  return {
    read(key) {
      try {
        return backing()?.getItem(PREFIX + key) ?? memory.get(key) ?? null
      } catch {
        return memory.get(key) ?? null
      }
    },
    write(key, value) {
      memory.set(key, value)
      try {
        backing()?.setItem(PREFIX + key, value)
      } catch {
        // The copy in memory is what remains.
      }
    },
    remove(key) {
      memory.delete(key)
      try {
        backing()?.removeItem(PREFIX + key)
      } catch {
        // Nothing was stored, so nothing is left behind.
      }
    },
  }
}

/** Kept between visits: name, device choices, language. */
export const rememberedChoices = openStore('localStorage')

const inTab = openStore('sessionStorage')

/**
 * Kept for this tab: what lets a host stay host over a reload. The state of the history entry keeps
 * it too, where a person blocks site data: it outlives a reload, is no part of the address, and is
 * sent nowhere.
 */
export const tabSecrets: KeyValueStore = {
  read: (key) => inTab.read(key) ?? historySecrets()[key] ?? null,
  write(key, value) {
    inTab.write(key, value)
    keepInHistory({ ...historySecrets(), [key]: value })
  },
  remove(key) {
    inTab.remove(key)
    const { [key]: _, ...rest } = historySecrets()
    keepInHistory(rest)
  },
}

function historySecrets(): Record<string, string> {
  const kept: unknown = globalThis.history?.state?.moothall
  return typeof kept === 'object' && kept !== null ? (kept as Record<string, string>) : {}
}

function keepInHistory(secrets: Record<string, string>): void {
  globalThis.history?.replaceState({ ...history.state, moothall: secrets }, '')
}
