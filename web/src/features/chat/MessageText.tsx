import { splitLinks } from '@/lib/links'

/** Plain text whose addresses are links; they open elsewhere and tell nothing of this page. */
export function MessageText({ text: whole }: { text: string }) {
  return splitLinks(whole).map(({ text, isLink }, place) =>
    isLink ? (
      <a
        // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a text that never changes.
        key={place}
        href={text}
        target="_blank"
        rel="noopener noreferrer nofollow"
        className="text-accent-ink underline underline-offset-2"
      >
        {text}
      </a>
    ) : (
      text
    ),
  )
}
