import type { CSSProperties } from 'react'
import { hueOf, initials } from '@/lib/initials'

/**
 * Stands for a person whose picture is not there: initials on a colour that stays theirs.
 * Decorative.
 */
export function Avatar({ name, className = 'size-10 text-sm' }: { name: string; className?: string }) {
  return (
    <span
      aria-hidden="true"
      style={{ '--hue': hueOf(name) } as CSSProperties}
      className={`avatar-hue inline-flex shrink-0 select-none items-center justify-center rounded-full font-semibold text-white ${className}`}
    >
      {initials(name)}
    </span>
  )
}
