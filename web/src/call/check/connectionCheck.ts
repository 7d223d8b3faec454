/** The check of a connection before joining: one at a time, stopped and repeated at will. */
import { type CheckFindings, type CheckTicket, PageError, type PageErrorCode } from '@/api/page'
import { Cell } from '@/lib/store'
import type { InputKind } from '../capture'
import { permissionFor } from '../permissions'
import { type DeviceAccess, findingsOf } from './findings'
import type { Probed, ProbeStep } from './probe'

export interface CheckResult {
  findings: CheckFindings
  /** When it was measured, in milliseconds since 1970 by this machine's clock. */
  at: number
  /** The server's ports for media, such as `UDP 7882, TCP 7881`; null where it has not told. */
  ports: string | null
}

export type CheckState = {
  /** The step that is under way; null when nothing is. */
  step: 'devices' | ProbeStep | null
  /** The last result. */
  result: CheckResult | null
  /** Why the last check gave none. */
  failure: PageErrorCode | null
}

export type Probe = (ticket: CheckTicket, stopped: AbortSignal, onStep: (step: ProbeStep) => void) => Promise<Probed>

const loadProbe = async (): Promise<Probe> => (await import('./probe')).probe

export class ConnectionCheck extends Cell<CheckState> {
  readonly #open: () => Promise<CheckTicket>
  readonly #load: () => Promise<Probe>
  #running: AbortController | null = null

  constructor(open: () => Promise<CheckTicket>, load: () => Promise<Probe> = loadProbe) {
    super({ step: null, result: null, failure: null })
    this.#open = open
    this.#load = load
  }

  /** Runs a check unless one is running. Resolves when it is over or stopped. */
  async run(): Promise<void> {
    if (this.#running !== null) {
      return
    }
    const running = new AbortController()
    this.#running = running
    const { signal } = running
    const tell = (change: Partial<CheckState>) => !signal.aborted && this.update(change)
    tell({ step: 'devices', result: null, failure: null })
    try {
      const [camera, microphone] = await Promise.all([accessTo('camera'), accessTo('microphone')])
      tell({ step: 'connecting' })
      const [probe, ticket] = await Promise.all([this.#load(), this.#open()])
      signal.throwIfAborted()
      const probed = await probe(ticket, signal, (step) => tell({ step }))
      const findings = findingsOf(probed, { camera, microphone })
      tell({ step: null, result: { findings, at: Date.now(), ports: probed.ports } })
    } catch (error) {
      tell({ step: null, failure: error instanceof PageError ? error.code : 'offline' })
    } finally {
      if (this.#running === running) {
        this.#running = null
      }
    }
  }

  /** Gives up the check that is running; nothing is left of it. */
  stop(): void {
    this.#running?.abort()
    this.#running = null
    this.update({ step: null })
  }
}

const KINDS = { camera: 'videoinput', microphone: 'audioinput' } as const

async function accessTo(kind: InputKind): Promise<DeviceAccess> {
  const devices = (await navigator.mediaDevices?.enumerateDevices().catch(() => [])) ?? []
  const ofKind = devices.filter((device) => device.kind === KINDS[kind])
  if (ofKind.length === 0) {
    return 'none'
  }
  const permission = await permissionFor(kind)
  // Browsers name devices only to pages that may use them.
  return permission !== 'unknown' ? permission : ofKind.some(({ label }) => label !== '') ? 'granted' : 'prompt'
}
