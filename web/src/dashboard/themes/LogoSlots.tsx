import { useMutation, useQueryClient } from '@tanstack/react-query'
import { ImageUp } from 'lucide-react'
import { useRef } from 'react'
import { Spinner } from '@/ui/Spinner'
import { toasts } from '@/ui/toasts'
import { type Rest, RestError, useRest } from '../rest'
import { LOGO_TYPES, type LogoType, logoProblems, logoUrl, type Theme, uploadProblem } from './model'
import { words } from './words'

/** The three images of a theme, each with its own upload. */
export function LogoSlots({ theme, onChanged }: { theme: Theme; onChanged: (theme: Theme) => void }) {
  return (
    <ul className="grid gap-4 sm:grid-cols-3">
      {LOGO_TYPES.map((type) => (
        <LogoSlot key={type} theme={theme} type={type} onChanged={onChanged} />
      ))}
    </ul>
  )
}

const GROUNDS: Record<LogoType, string> = {
  colored: 'bg-[#ffffff]',
  white: 'bg-[#16201d]',
  favicon: 'bg-sunken',
}

function LogoSlot({ theme, type, onChanged }: { theme: Theme; type: LogoType; onChanged: (theme: Theme) => void }) {
  const rest = useRest()
  const client = useQueryClient()
  const input = useRef<HTMLInputElement>(null)
  const upload = useMutation({
    mutationFn: (file: File) => uploadLogo(rest, theme.theme_id, type, file),
    onSuccess: async (changed) => {
      onChanged(changed)
      toasts.show({ id: 'logo', text: words.uploaded })
      await client.invalidateQueries({ queryKey: ['themes'] })
    },
  })
  const url = logoUrl(theme, type)
  const { title, text } = words.logo[type]
  const problems = upload.error instanceof LogoRefused ? upload.error.problems : []
  return (
    <li className="min-w-0">
      <div className={`flex h-24 items-center justify-center rounded-xl border border-line p-3 ${GROUNDS[type]}`}>
        {upload.isPending ? (
          <Spinner className={`size-6 ${type === 'white' ? 'text-white' : 'text-black'}`} />
        ) : url !== null ? (
          <img src={url} alt={title} className="max-h-full max-w-full object-contain" />
        ) : (
          <span
            className={`text-xs ${type === 'white' ? 'text-[#a2b3ac]' : type === 'colored' ? 'text-[#52625b]' : 'text-muted'}`}
          >
            {words.none}
          </span>
        )}
      </div>
      <p className="mt-2 font-medium text-sm">{title}</p>
      <p className="text-muted text-xs">{text}</p>
      {rest.role !== 'viewer' && (
        <>
          <input
            ref={input}
            type="file"
            accept="image/png"
            aria-label={words.chooseFor(title)}
            className="sr-only"
            tabIndex={-1}
            onChange={(event) => {
              const file = event.target.files?.[0]
              // The same file may be chosen again, once it was mended.
              event.target.value = ''
              if (file !== undefined) {
                upload.mutate(file)
              }
            }}
          />
          <button
            type="button"
            disabled={upload.isPending}
            aria-label={`${url === null ? words.choose : words.replace}: ${title}`}
            onClick={() => input.current?.click()}
            className="-ms-3 mt-1 inline-flex min-h-11 items-center gap-2 rounded-xl px-3 font-medium text-accent-ink text-sm hover:not-disabled:bg-hover disabled:opacity-60"
          >
            <ImageUp className="size-4.5" aria-hidden="true" />
            {upload.isPending ? words.uploading : url === null ? words.choose : words.replace}
          </button>
        </>
      )}
      {problems.length > 0 && (
        <div role="alert" className="mt-1 rounded-xl bg-danger-soft p-3 text-danger-ink text-sm">
          <ul className="grid gap-1">
            {problems.map((problem) => (
              <li key={problem}>{problem}</li>
            ))}
          </ul>
        </div>
      )}
    </li>
  )
}

/** The reasons in words. */
class LogoRefused extends Error {
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(problems.join(' '))
    this.problems = problems
  }
}

interface UploadForm {
  url: string
  fields: Record<string, string>
}

/** The steps of the API: a form, the upload with it, and the theme takes the image. */
async function uploadLogo(rest: Rest, themeId: string, type: LogoType, file: File): Promise<Theme> {
  try {
    const forms = await rest.ask<UploadForm[]>({ path: '/v1/meetings/themes/logos-upload-urls' })
    const form = forms.find(({ fields }) => fields.logoType === type)
    if (form === undefined) {
      throw new LogoRefused([words.problems.other])
    }
    const body = new FormData()
    for (const [name, value] of Object.entries(form.fields)) {
      body.append(name, value)
    }
    body.append('file', file)
    const answer = await fetch(new URL(form.url).pathname, { method: 'POST', body, credentials: 'omit' })
    if (!answer.ok) {
      throw new LogoRefused([uploadProblem(await answer.text(), type)])
    }
    return await rest.ask<Theme>({
      method: 'PUT',
      path: `/v1/meetings/themes/${themeId}/finalizeLogos`,
      body: { keys: [form.fields.key] },
    })
  } catch (error) {
    if (error instanceof LogoRefused) {
      throw error
    }
    throw new LogoRefused(error instanceof RestError ? logoProblems(error.body, type) : [words.problems.network])
  }
}
