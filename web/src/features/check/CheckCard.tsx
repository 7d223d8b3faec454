import { CircleCheck, TriangleAlert } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { CheckResult } from '@/call/check/connectionCheck'
import { useAnnouncement } from '@/lib/useAnnouncement'

const VERDICTS = {
  good: 'check.good',
  fair: 'check.fair',
  poor: 'check.poor',
  blocked: 'check.blocked',
} as const

const ACCESS = {
  granted: 'check.access.granted',
  denied: 'check.access.denied',
  prompt: 'check.access.prompt',
  none: 'check.access.none',
} as const

/** A check sends no more than this, so a rate close to it may be much higher. In kbit/s. */
const NEARLY_ALL = 1_350

/** The result of a check: first in words, with the way out, then in numbers. */
export function CheckCard({ result }: { result: CheckResult }) {
  const { t, i18n } = useTranslation()
  const { findings, ports } = result
  const verdict = t(VERDICTS[findings.verdict])
  const advice = adviceFor(result)
  const text = advice === null ? '' : t(advice, { ports: portsFor(advice, ports), host: window.location.hostname })
  useAnnouncement([verdict, text].filter(Boolean).join(' '))
  const Icon = findings.verdict === 'good' ? CircleCheck : TriangleAlert

  const number = (value: number, options?: Intl.NumberFormatOptions) =>
    new Intl.NumberFormat(i18n.language, options).format(value)
  const milliseconds = (value: number | null) =>
    value === null ? null : t('check.milliseconds', { number: number(value) })
  const rate = (kbps: number | null) =>
    kbps === null
      ? null
      : t(kbps >= NEARLY_ALL ? 'check.rateOrMore' : 'check.rate', {
          number: number(kbps / 1000, { maximumFractionDigits: 1 }),
        })
  const losses = [findings.upload_loss_percent, findings.download_loss_percent].filter((loss) => loss !== null)
  const works = (value: boolean | null) =>
    t(value === null ? 'check.untried' : value ? 'check.works' : 'check.worksNot')
  const rows: [string, string | null][] = [
    [t('devices.camera'), t(ACCESS[findings.camera])],
    [t('devices.microphone'), t(ACCESS[findings.microphone])],
    ['UDP', works(findings.udp)],
    ['TCP', works(findings.tcp)],
    [t('check.roundTrip'), milliseconds(findings.round_trip_ms)],
    [t('check.jitter'), milliseconds(findings.jitter_ms)],
    [t('check.upload'), rate(findings.upload_kbps)],
    [t('check.download'), rate(findings.download_kbps)],
    [
      t('check.loss'),
      losses.length === 0 ? null : number(Math.max(...losses) / 100, { style: 'percent', maximumFractionDigits: 1 }),
    ],
  ]
  return (
    <div
      className="appear rounded-2xl border border-line bg-surface px-4 py-3 text-sm"
      data-testid="check-result"
      data-verdict={findings.verdict}
    >
      <div className="flex items-start gap-3">
        <Icon
          className={`mt-0.5 size-5 shrink-0 ${findings.verdict === 'good' ? 'text-accent-ink' : 'text-warn-ink'}`}
          aria-hidden="true"
        />
        <div className="min-w-0 flex-1 leading-relaxed">
          <p className="font-semibold">{verdict}</p>
          {text !== '' && <p className="mt-0.5 text-muted">{text}</p>}
        </div>
      </div>
      <dl className="mt-3 grid grid-cols-[repeat(auto-fill,minmax(11rem,1fr))] gap-x-6 border-line border-t pt-2">
        {rows.map(
          ([name, value]) =>
            value !== null && (
              <div key={name} className="flex min-w-0 flex-wrap items-baseline justify-between gap-x-3 py-1">
                <dt className="text-muted">{name}</dt>
                <dd className="font-medium tabular-nums">{value}</dd>
              </div>
            ),
        )}
      </dl>
    </div>
  )
}

type Advice = 'error.mediaText' | 'check.udpBlocked'

function adviceFor({ findings }: CheckResult): Advice | null {
  if (findings.verdict === 'blocked') {
    return 'error.mediaText'
  }
  return findings.udp === false ? 'check.udpBlocked' : null
}

/** The ports that an administrator has to allow. */
function portsFor(advice: Advice, ports: string | null): string {
  const all = (ports ?? 'UDP').split(', ')
  return (advice === 'check.udpBlocked' ? all.filter((port) => port.startsWith('UDP')) : all).join(', ') || 'UDP'
}
