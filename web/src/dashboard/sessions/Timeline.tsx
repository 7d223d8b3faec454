import { Crown } from 'lucide-react'
import { Fragment } from 'react'
import { formatDuration, formatTime } from '../ui/format'
import { lanesOf, type Session, type Stay, ticksOf } from './model'
import { words } from './words'

/** A lane for each person, a bar for each stay. The attendance is the same as a table. */
export function Timeline({ session, stays, now }: { session: Session; stays: readonly Stay[]; now: Date }) {
  const lanes = lanesOf(session, stays, now)
  const ticks = ticksOf(session, now)
  return (
    <div role="img" aria-label={words.bars(lanes.length, stays.length)} className="relative">
      <div className="grid grid-cols-[minmax(5rem,28%)_minmax(0,1fr)] items-center gap-x-3 gap-y-2 sm:grid-cols-[12rem_minmax(0,1fr)]">
        {lanes.map((lane) => (
          <Fragment key={lane.id}>
            <span className="flex min-w-0 items-center gap-1.5 text-sm">
              <span className="truncate" dir="auto">
                {lane.name}
              </span>
              {lane.isHost && <Crown className="size-3.5 shrink-0 text-muted" aria-hidden="true" />}
            </span>
            <span className="relative block h-7 overflow-hidden rounded-lg bg-sunken">
              {ticks.map(({ at, share }) => (
                <span
                  key={at}
                  className="absolute inset-y-0 w-px bg-line"
                  style={{ insetInlineStart: `${share * 100}%` }}
                />
              ))}
              {lane.bars.map(({ stay, start, length }) => (
                <span
                  key={stay.joined_at}
                  title={words.stay(
                    stay.name,
                    formatTime(stay.joined_at),
                    stay.left_at === undefined ? words.still : formatTime(stay.left_at),
                    formatDuration(stay.duration),
                  )}
                  className={`absolute inset-y-1 min-w-1.5 rounded-md ${stay.left_at === undefined ? 'bg-speaking' : 'bg-accent'}`}
                  style={{ insetInlineStart: `${start * 100}%`, width: `${length * 100}%` }}
                />
              ))}
            </span>
          </Fragment>
        ))}
        <span />
        <span className="relative block h-5 text-muted text-xs tabular-nums">
          {ticks.map(({ at, share }, index) => (
            <span
              key={at}
              className={`absolute whitespace-nowrap ${share > 0.9 ? '-translate-x-full' : share > 0.05 ? '-translate-x-1/2' : ''} ${index % 2 === 1 ? 'max-sm:hidden' : ''}`}
              style={{ insetInlineStart: `${share * 100}%` }}
            >
              {formatTime(at)}
            </span>
          ))}
        </span>
      </div>
    </div>
  )
}
