/**
 * Speaks with the page around this one, if that page wishes to: says hello to its origin alone, and
 * takes the port that it answers with. Loaded only inside a frame.
 */
import { type EventDetail, type EventName, type FromPage, type Run, VERSIONS } from '@/embed/schema'
import { runCommand } from './commands'
import { missingPolicies } from './policies'
import { Reporter } from './reporter'

export function startBridge(): void {
  const embedder = embedderOrigin()
  if (embedder === null) {
    return
  }
  const missing = missingPolicies()
  let port: MessagePort | null = null
  let reporter: Reporter | null = null

  const say = (said: FromPage) => port?.postMessage(said)
  const tell = <E extends EventName>(event: E, detail: EventDetail<E>) => say({ type: 'moothall:event', event, detail })
  const run = async (data: unknown) => {
    if (isRun(data)) {
      const answer = await runCommand(data.command, data.args, missing)
      say({ type: 'moothall:answer', id: data.id, ...answer })
    }
  }
  const welcome = (version: number, given: MessagePort) => {
    reporter?.stop()
    port?.close()
    port = given
    given.onmessage = ({ data }) => void run(data)
    tell('ready', { version })
    if (missing.length > 0) {
      tell('embed_error', { missing: [...missing] })
    }
    reporter = new Reporter(tell)
  }

  window.addEventListener('message', ({ source, origin, data, ports: [given] }) => {
    if (source !== window.parent || origin !== embedder) {
      return
    }
    const { type, version } = (data ?? {}) as { type?: unknown; version?: unknown }
    if (type === 'moothall:welcome' && given !== undefined && VERSIONS.some((one) => one === version)) {
      welcome(version as number, given)
    } else if (type === 'moothall:run' && port !== null) {
      void run(data)
    }
  })
  window.parent.postMessage({ type: 'moothall:hello', versions: VERSIONS, missing }, embedder)
}

/**
 * The origin of the page around this one: as it says itself, or as the browser says. A wrong one
 * harms nobody, because the browser delivers a message to the named origin only.
 */
function embedderOrigin(): string | null {
  const said = new URLSearchParams(window.location.hash.slice(1)).get('embedder')
  const [parent] = window.location.ancestorOrigins ?? []
  for (const address of [said, parent, document.referrer]) {
    try {
      const { origin } = new URL(address ?? '')
      if (origin !== 'null') {
        return origin
      }
    } catch {
      // The next one may be known.
    }
  }
  return null
}

function isRun(data: unknown): data is Run {
  const { type, id, command } = (data ?? {}) as Partial<Record<keyof Run, unknown>>
  return type === 'moothall:run' && typeof id === 'number' && typeof command === 'string'
}
