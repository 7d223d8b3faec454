import { scheme } from '@/lib/scheme'
import { useWatchable } from '@/lib/useWatchable'

/** The sign of the hall: a gable over an open door. */
export function LogoMark({ className = 'size-8' }: { className?: string }) {
  return (
    <svg viewBox="0 0 32 32" className={className} aria-hidden="true">
      <rect width="32" height="32" rx="9" className="fill-accent" />
      <path
        d="M6.5 15.2 16 7.5l9.5 7.7v8.3a1.6 1.6 0 0 1-1.6 1.6h-3.4v-5.2a4.5 4.5 0 0 0-9 0v5.2H8.1a1.6 1.6 0 0 1-1.6-1.6z"
        className="fill-on-accent"
      />
      <circle cx="16" cy="20" r="1.9" className="fill-on-accent" />
    </svg>
  )
}

export interface Brand {
  text: string
  /** For light and dark surroundings; null shows the text. */
  colouredLogo: string | null
  whiteLogo: string | null
}

export function Logo({ brand }: { brand: Brand | null }) {
  const { isDark } = useWatchable(scheme)
  if (brand === null) {
    return (
      <span className="inline-flex items-center gap-2.5">
        <LogoMark />
        <span className="font-semibold text-[1.0625rem] tracking-tight">Moothall</span>
      </span>
    )
  }
  const onLight = brand.colouredLogo ?? brand.whiteLogo
  const onDark = brand.whiteLogo ?? brand.colouredLogo
  if (onLight === null || onDark === null) {
    return <span className="max-w-[60vw] truncate font-semibold text-[1.0625rem] tracking-tight">{brand.text}</span>
  }
  return <img src={isDark ? onDark : onLight} alt={brand.text} className="h-9 w-auto max-w-[60vw] object-contain" />
}
