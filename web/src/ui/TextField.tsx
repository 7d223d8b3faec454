import { type InputHTMLAttributes, type Ref, useId } from 'react'

export interface TextFieldProps extends InputHTMLAttributes<HTMLInputElement> {
  label: string
  error?: string | null
  ref?: Ref<HTMLInputElement>
}

export function TextField({ label, error = null, className = '', ...rest }: TextFieldProps) {
  const id = useId()
  return (
    <div className={className}>
      <label htmlFor={id} className="mb-1.5 block font-medium text-sm">
        {label}
      </label>
      <input
        {...rest}
        id={id}
        aria-invalid={error !== null || undefined}
        aria-describedby={error !== null ? `${id}-error` : undefined}
        className="min-h-12 w-full rounded-xl border border-line-strong bg-surface px-4 text-base text-ink placeholder:text-muted aria-invalid:border-danger"
      />
      {error !== null && (
        <p id={`${id}-error`} className="mt-1.5 text-danger-ink text-sm">
          {error}
        </p>
      )}
    </div>
  )
}
