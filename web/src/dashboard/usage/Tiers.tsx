import { formatCount, formatMinutes, formatPrice } from '../ui/format'
import { Badge } from '../ui/Screen'
import { type Kind, placeInTiers, type Tier, type TierShare } from './model'
import { words } from './words'

/** The price tiers of one kind of minutes, and where the month stands in them. */
export function Tiers({
  kind,
  tiers,
  minutes,
  currency,
}: {
  kind: Kind
  tiers: readonly Tier[]
  minutes: number
  currency: string
}) {
  const placed = placeInTiers(tiers, kind, minutes)
  const name = kind === 'participant' ? words.participants : words.recordings
  const current = placed.findIndex(({ isCurrent }) => isCurrent)
  const next = placed[current + 1]
  return (
    <div>
      <h3 className="font-medium text-sm">{name}</h3>
      <ol className="mt-3 grid gap-3">
        {placed.map((tier) => (
          <li key={tier.above}>
            <div className="flex flex-wrap items-baseline justify-between gap-x-3 text-sm">
              <span className="flex flex-wrap items-center gap-2">
                {nameOf(tier)}
                {tier.isCurrent && <Badge look="good">{words.here}</Badge>}
              </span>
              <span className="text-muted tabular-nums">{words.perMinute(formatPrice(tier.price, currency))}</span>
            </div>
            <div
              role="progressbar"
              aria-label={words.tierProgress(name, nameOf(tier))}
              aria-valuemin={0}
              aria-valuemax={100}
              aria-valuenow={Math.round(tier.share * 100)}
              aria-valuetext={words.usedInTier(formatMinutes(tier.used))}
              className="mt-1.5 h-2 overflow-hidden rounded-full bg-sunken"
            >
              <div
                className="h-full rounded-full bg-accent"
                style={{ width: `${tier.used > 0 ? Math.max(1, tier.share * 100) : 0}%` }}
              />
            </div>
            <p className="mt-1 flex flex-wrap justify-between gap-x-3 text-muted text-xs tabular-nums">
              <span>{words.usedInTier(formatMinutes(tier.used))}</span>
              {tier.isCurrent && tier.up_to !== null && next !== undefined && (
                <span>
                  {words.untilNext(formatCount(Math.ceil(tier.up_to - minutes)), formatPrice(next.price, currency))}
                </span>
              )}
            </p>
          </li>
        ))}
      </ol>
    </div>
  )
}

function nameOf({ above, up_to }: TierShare): string {
  if (up_to === null) {
    return above === 0 ? words.tierAll : words.tierFrom(formatCount(above))
  }
  return words.tierBetween(formatCount(above), formatCount(up_to))
}
