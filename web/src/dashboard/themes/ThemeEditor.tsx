import { useMutation, useQueryClient } from '@tanstack/react-query'
import { ArrowLeft, CircleCheck, Trash2, TriangleAlert } from 'lucide-react'
import { type FormEvent, lazy, Suspense, useId, useState } from 'react'
import { parseHex, toHex } from '@/lib/contrast'
import { Button } from '@/ui/Button'
import { ConfirmDialog } from '@/ui/ConfirmDialog'
import { Switch } from '@/ui/Switch'
import { TextField } from '@/ui/TextField'
import { toasts } from '@/ui/toasts'
import { RestError, useRest } from '../rest'
import { Card, Failure, Screen } from '../ui/Screen'
import { LogoSlots } from './LogoSlots'
import { bodyOf, contrastAdvice, type Draft, draftOf, errorsOf, NEW_DRAFT, type Theme } from './model'
import { words } from './words'

const PagePreview = lazy(() => import('./PagePreview'))

/** One theme, or a new one: its fields beside the page as it will be. */
export function ThemeEditor({
  theme,
  isDefault,
  onCreated,
  onBack,
}: {
  theme: Theme | null
  isDefault: boolean
  onCreated: (id: string) => void
  onBack: () => void
}) {
  const rest = useRest()
  const client = useQueryClient()
  const [draft, setDraft] = useState<Draft>(() => (theme === null ? NEW_DRAFT : draftOf(theme)))
  const [isChecked, setChecked] = useState(false)
  const canChange = rest.role !== 'viewer'
  const key = ['themes', rest.applicationId]
  const put = (changed: Theme) =>
    client.setQueryData<Theme[]>(key, (known = []) =>
      known.some(({ theme_id }) => theme_id === changed.theme_id)
        ? known.map((one) => (one.theme_id === changed.theme_id ? changed : one))
        : [...known, changed],
    )
  const save = useMutation({
    mutationFn: () =>
      theme === null
        ? rest.ask<Theme>({ method: 'POST', path: '/v1/meetings/themes', body: bodyOf(draft) })
        : rest.ask<Theme>({
            method: 'PATCH',
            path: `/v1/meetings/themes/${theme.theme_id}`,
            body: { update_details: bodyOf(draft) },
          }),
    onSuccess: (saved) => {
      put(saved)
      toasts.show({ id: 'theme', text: theme === null ? words.created : words.saved })
      if (theme === null) {
        onCreated(saved.theme_id)
      }
    },
  })
  const errors = isChecked ? errorsOf(draft) : {}
  const submit = (event: FormEvent) => {
    event.preventDefault()
    setChecked(true)
    if (Object.keys(errorsOf(draft)).length === 0) {
      save.mutate()
    }
  }
  const set = (change: Partial<Draft>) => setDraft({ ...draft, ...change })
  const shown = {
    main_color: parseHex(draft.main_color) === null ? (theme?.main_color ?? NEW_DRAFT.main_color) : draft.main_color,
    brand_text: draft.brand_text.trim() || words.brandHolder,
    coloredLogo: theme?.brand_image_colored_url ?? null,
    whiteLogo: theme?.brand_image_white_url ?? null,
  }
  return (
    <Screen
      title={theme?.theme_name ?? words.newTheme}
      actions={
        <Button className="px-4" onClick={onBack}>
          <ArrowLeft className="size-4.5 rtl:-scale-x-100" aria-hidden="true" />
          {words.back}
        </Button>
      }
    >
      <div className="grid items-start gap-5 lg:grid-cols-[minmax(0,2fr)_minmax(0,3fr)]">
        <Card title={words.details}>
          <form onSubmit={submit} noValidate>
            <fieldset disabled={!canChange} className="grid gap-4">
              <ColourField
                value={draft.main_color}
                error={errors.main_color ?? null}
                onChange={(main_color) => set({ main_color })}
              />
              <Contrast colour={draft.main_color} />
              <Described text={words.brandText}>
                <TextField
                  label={words.brand}
                  placeholder={words.brandHolder}
                  value={draft.brand_text}
                  maxLength={200}
                  error={errors.brand_text ?? null}
                  onChange={(event) => set({ brand_text: event.target.value })}
                />
              </Described>
              <Described text={words.nameText}>
                <TextField
                  label={words.name}
                  placeholder={words.nameHolder}
                  value={draft.theme_name}
                  maxLength={200}
                  onChange={(event) => set({ theme_name: event.target.value })}
                />
              </Described>
              <Described text={words.shortUrlText}>
                <TextField
                  label={words.shortUrl}
                  placeholder={words.shortUrlHolder}
                  value={draft.short_company_url}
                  maxLength={128}
                  spellCheck={false}
                  autoCapitalize="none"
                  error={errors.short_company_url ?? null}
                  onChange={(event) => set({ short_company_url: event.target.value })}
                />
              </Described>
              {save.isError && <Failure error={save.error} />}
              {canChange && (
                <div>
                  <Button type="submit" look="primary" isBusy={save.isPending}>
                    {theme === null ? words.createIt : words.save}
                  </Button>
                </div>
              )}
            </fieldset>
          </form>
        </Card>
        <Card title={words.preview} text={words.previewText}>
          <div className="grid gap-4">
            {[false, true].map((isDark) => (
              <figure key={String(isDark)} className="min-w-0">
                <figcaption className="mb-1.5 text-muted text-sm">{isDark ? words.dark : words.light}</figcaption>
                <Suspense fallback={<div className="aspect-video rounded-xl bg-sunken" />}>
                  <PagePreview theme={shown} isDark={isDark} />
                </Suspense>
              </figure>
            ))}
          </div>
        </Card>
      </div>
      <Card title={words.logos} text={theme === null ? words.logosLater : words.logosText}>
        {theme !== null && <LogoSlots theme={theme} onChanged={put} />}
      </Card>
      {theme !== null && canChange && (
        <>
          <Card title={words.use}>
            <DefaultSwitch theme={theme} isDefault={isDefault} />
          </Card>
          <Card title={words.danger} text={words.dangerText}>
            <DeleteTheme theme={theme} onDeleted={onBack} />
          </Card>
        </>
      )}
    </Screen>
  )
}

function Described({ text, children }: { text: string; children: React.ReactNode }) {
  return (
    <div>
      {children}
      <p className="mt-1 text-muted text-xs leading-relaxed">{text}</p>
    </div>
  )
}

function ColourField({
  value,
  error,
  onChange,
}: {
  value: string
  error: string | null
  onChange: (value: string) => void
}) {
  const parsed = parseHex(value)
  return (
    <div className="flex items-start gap-3">
      <TextField
        className="min-w-0 flex-1"
        label={words.colour}
        value={value}
        maxLength={7}
        spellCheck={false}
        error={error}
        onChange={(event) => onChange(event.target.value.trim())}
      />
      <input
        type="color"
        aria-label={words.pickColour}
        value={parsed === null ? '#000000' : toHex(parsed)}
        onChange={(event) => onChange(event.target.value)}
        className="mt-6.5 h-12 w-14 shrink-0 cursor-pointer rounded-xl border border-line-strong bg-surface p-1"
      />
    </div>
  )
}

function Contrast({ colour }: { colour: string }) {
  const id = useId()
  const advice = contrastAdvice(colour)
  if (parseHex(colour) === null) {
    return null
  }
  return (
    <section
      aria-labelledby={id}
      aria-live="polite"
      className={`rounded-xl px-4 py-3 text-sm leading-relaxed ${advice.length > 0 ? 'bg-warn-soft text-warn-ink' : 'bg-accent-soft text-accent-ink'}`}
    >
      <h3 id={id} className="flex items-center gap-2 font-medium">
        {advice.length > 0 ? (
          <TriangleAlert className="size-4.5" aria-hidden="true" />
        ) : (
          <CircleCheck className="size-4.5" aria-hidden="true" />
        )}
        {words.contrast}
      </h3>
      {advice.length === 0 ? (
        <p className="mt-1">{words.fine}</p>
      ) : (
        advice.map((text) => (
          <p key={text} className="mt-1">
            {text}
          </p>
        ))
      )}
    </section>
  )
}

function DefaultSwitch({ theme, isDefault }: { theme: Theme; isDefault: boolean }) {
  const rest = useRest()
  const client = useQueryClient()
  const change = useMutation({
    mutationFn: (isOn: boolean) =>
      rest.ask<{ default_theme_id: string | null }>({
        method: 'PATCH',
        path: '/v1/meetings/applications',
        body: { update_details: { default_theme_id: isOn ? theme.theme_id : null } },
      }),
    onSuccess: (defaults) => {
      client.setQueryData(['themes', rest.applicationId, 'default'], defaults)
      toasts.show({ id: 'theme', text: words.saved })
    },
  })
  return (
    <>
      <Switch
        label={words.defaultLabel}
        text={words.defaultText}
        isOn={isDefault}
        isDisabled={change.isPending}
        onChange={(isOn) => change.mutate(isOn)}
      />
      {change.isError && <Failure error={change.error} />}
    </>
  )
}

function DeleteTheme({ theme, onDeleted }: { theme: Theme; onDeleted: () => void }) {
  const rest = useRest()
  const client = useQueryClient()
  const [isAsked, setAsked] = useState(false)
  const [isUsed, setUsed] = useState(false)
  const removal = useMutation({
    mutationFn: () =>
      rest.ask<void>({
        method: 'DELETE',
        path: `/v1/meetings/themes/${theme.theme_id}`,
        query: { force: isUsed },
      }),
    onSuccess: async () => {
      toasts.show({ id: 'theme', text: words.deleted })
      onDeleted()
      await client.invalidateQueries({ queryKey: ['themes'] })
    },
    // The server refuses where the theme is in use; then it is asked for once more.
    onError: (error) => setUsed(error instanceof RestError && error.status === 400),
  })
  return (
    <>
      <Button look="danger-quiet" className="px-4" onClick={() => setAsked(true)}>
        <Trash2 className="size-4.5" aria-hidden="true" />
        {words.delete}
      </Button>
      <ConfirmDialog
        isOpen={isAsked}
        title={words.question(theme.theme_name)}
        text={isUsed ? words.questionUsed : words.questionText}
        confirm={isUsed ? words.deleteAnyway : words.delete}
        cancel={words.cancel}
        isBusy={removal.isPending}
        error={removal.isError && !isUsed ? removal.error.message : null}
        onConfirm={() => removal.mutate()}
        onClose={() => {
          setAsked(false)
          setUsed(false)
          removal.reset()
        }}
      />
    </>
  )
}
