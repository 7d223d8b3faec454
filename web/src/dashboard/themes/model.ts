/** Themes, their contrast, and what is wrong with a logo. Pure. */
import { brandColours, DARK_SURFACE, LIGHT_SURFACE } from '@/lib/brandColours'
import { contrast, parseHex, toHex } from '@/lib/contrast'
import { words } from './words'

export interface Theme {
  theme_id: string
  theme_name: string
  main_color: string
  brand_text: string
  short_company_url: string | null
  brand_image_colored_url: string | null
  brand_image_white_url: string | null
  branded_favicon_url: string | null
}

/** The fields of the editor. */
export interface Draft {
  theme_name: string
  main_color: string
  brand_text: string
  short_company_url: string
}

export const LOGO_TYPES = ['colored', 'white', 'favicon'] as const
export type LogoType = (typeof LOGO_TYPES)[number]

export function logoUrl(theme: Theme, type: LogoType): string | null {
  return type === 'favicon' ? theme.branded_favicon_url : theme[`brand_image_${type}_url`]
}

/** As the server's pattern of `short_company_url`. */
const SHORT_URL = /^(?=.*[a-zA-Z_~-])[a-zA-Z0-9_~-]+$/
export const NEW_DRAFT: Draft = { theme_name: '', main_color: '#0b6b5c', brand_text: '', short_company_url: '' }

export function draftOf(theme: Theme): Draft {
  return {
    theme_name: theme.theme_name,
    main_color: theme.main_color,
    brand_text: theme.brand_text,
    short_company_url: theme.short_company_url ?? '',
  }
}

/** The body of a request; what is left empty is null where it may be. */
export function bodyOf(draft: Draft): Record<string, string | null> {
  return {
    main_color: draft.main_color,
    brand_text: draft.brand_text.trim(),
    theme_name: draft.theme_name.trim() || null,
    short_company_url: draft.short_company_url.trim() || null,
  }
}

export function errorsOf(draft: Draft): Partial<Record<keyof Draft, string>> {
  return {
    ...(parseHex(draft.main_color) === null ? { main_color: words.colourWrong } : {}),
    ...(draft.brand_text.trim() === '' ? { brand_text: words.brandMissing } : {}),
    ...(draft.short_company_url.trim() !== '' && !SHORT_URL.test(draft.short_company_url.trim())
      ? { short_company_url: words.shortUrlWrong }
      : {}),
  }
}

const LEAST = 3

/** The changes that the page makes to a colour to keep it readable; empty: none. */
export function contrastAdvice(mainColor: string): string[] {
  const main = parseHex(mainColor)
  const accent = brandColours(mainColor, LIGHT_SURFACE)?.['--accent']
  if (main === null || accent === undefined) {
    return []
  }
  if (brandColours(mainColor, DARK_SURFACE)?.['--accent'] !== accent) {
    return [words.colourless]
  }
  const advice = (
    [
      ['light', LIGHT_SURFACE],
      ['dark', DARK_SURFACE],
    ] as const
  ).flatMap(([ground, { background }]) => {
    const ratio = contrast(main, background)
    return ratio < LEAST ? [words.paleOn(ground, (Math.floor(ratio * 10) / 10).toFixed(1))] : []
  })
  return accent === toHex(main) ? advice : [...advice, words.shifted(accent)]
}

/** Each defect of a logo in words. `body`: the answer to `finalizeLogos`. */
export function logoProblems(body: unknown, type: LogoType): string[] {
  const errors = (body as { errors?: unknown } | null)?.errors
  const codes = Array.isArray(errors) ? errors.map((one) => String(one?.invalidProperty ?? one?.code)) : []
  const known = codes.map((code) => problemText(code, type))
  return known.length > 0 ? [...new Set(known)] : [words.problems.other]
}

/** The reason in the answer of an upload, which is XML as S3 gives it. */
export function uploadProblem(answer: string, type: LogoType): string {
  const code = /<Code>(\w+)<\/Code>/.exec(answer)?.[1] ?? ''
  return problemText(code === 'EntityTooLarge' ? 'exceeds_size' : code, type)
}

function problemText(code: string, type: LogoType): string {
  const { problems } = words
  switch (code) {
    case 'dimensions':
      return problems.dimensions[type === 'favicon' ? 'favicon' : 'logo']
    case 'exceeds_size':
    case 'type':
    case 'transparent_bg':
    case 'key_not_found':
    case 'SlowDown':
    case 'AccessDenied':
      return problems[code]
    default:
      return problems.other
  }
}
