import { Hand } from 'lucide-react'

/** A raised hand with its place in the order; `label` says it where nothing else does. */
export function HandBadge({ place, label, className = '' }: { place: string; label?: string; className?: string }) {
  return (
    <span
      className={`inline-flex h-6 shrink-0 items-center gap-1 rounded-full bg-[#ffd27a] px-2 font-semibold text-[#3b2a00] text-xs tabular-nums ${className}`}
    >
      <Hand className="size-3.5 shrink-0" aria-hidden="true" />
      <span aria-hidden="true">{place}</span>
      {label !== undefined && <span className="sr-only">{label}</span>}
    </span>
  )
}
