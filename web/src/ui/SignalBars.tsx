/** Three bars, of which the given number is full: how good a connection is. Decorative. */
export function SignalBars({ full, className = 'size-4' }: { full: 0 | 1 | 2 | 3; className?: string }) {
  return (
    <svg viewBox="0 0 16 16" className={className} fill="currentColor" aria-hidden="true">
      {([1, 2, 3] as const).map((bar) => (
        <rect
          key={bar}
          x={bar * 5 - 4}
          y={14 - bar * 4}
          width="3.5"
          height={bar * 4}
          rx="1"
          opacity={bar <= full ? 1 : 0.35}
        />
      ))}
    </svg>
  )
}
