import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { parseMeetingCode } from '@/lib/meetingCode'
import { Button } from '@/ui/Button'
import { TextField } from '@/ui/TextField'

/** Asks for a meeting code. */
export function Home({ onCode }: { onCode: (code: string) => void }) {
  const { t } = useTranslation()
  const [text, setText] = useState('')
  const [isInvalid, setInvalid] = useState(false)

  const submit = (event: FormEvent) => {
    event.preventDefault()
    const code = parseMeetingCode(text)
    setInvalid(code === null)
    if (code !== null) {
      onCode(code)
    }
  }

  return (
    <form
      onSubmit={submit}
      noValidate
      className="appear w-full max-w-md rounded-3xl border border-line bg-surface p-6 shadow-1 sm:p-8"
    >
      <h1 className="text-balance font-semibold text-2xl tracking-tight">{t('home.title')}</h1>
      <p className="mt-2 mb-6 text-muted">{t('home.text')}</p>
      <TextField
        label={t('home.code')}
        placeholder={t('home.example')}
        value={text}
        onChange={(event) => {
          setText(event.target.value)
          setInvalid(false)
        }}
        error={isInvalid ? t('home.invalid') : null}
        inputMode="numeric"
        autoComplete="off"
        spellCheck={false}
        maxLength={512}
        dir="ltr"
        // The one thing to do on this page.
        autoFocus
      />
      <Button type="submit" look="primary" className="mt-5 min-h-12 w-full">
        {t('home.continue')}
      </Button>
    </form>
  )
}
