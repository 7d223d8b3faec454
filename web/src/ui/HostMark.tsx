import { Crown } from 'lucide-react'

/** The mark of a host beside their name, on a ground of its own: no letter looks like it. */
export function HostMark({ label }: { label: string }) {
  return (
    <span
      role="img"
      aria-label={label}
      title={label}
      className="flex size-5 shrink-0 items-center justify-center rounded-md bg-accent text-on-accent"
    >
      <Crown className="size-3.5" strokeWidth={2.5} aria-hidden="true" />
    </span>
  )
}
