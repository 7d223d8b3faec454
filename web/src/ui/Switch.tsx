import { useId } from 'react'

export interface SwitchProps {
  label: string
  text?: string
  isOn: boolean
  isDisabled?: boolean
  onChange: (isOn: boolean) => void
}

/** One thing that is on or off. */
export function Switch({ label, text, isOn, isDisabled = false, onChange }: SwitchProps) {
  const id = useId()
  return (
    <div className="flex items-start justify-between gap-4 py-2">
      <div className="min-w-0">
        <label htmlFor={id} className="block font-medium text-sm">
          {label}
        </label>
        {text !== undefined && (
          <p id={`${id}-text`} className="mt-1 text-muted text-sm">
            {text}
          </p>
        )}
      </div>
      <button
        type="button"
        role="switch"
        id={id}
        aria-checked={isOn}
        disabled={isDisabled}
        onClick={() => onChange(!isOn)}
        aria-describedby={text === undefined ? undefined : `${id}-text`}
        className="group/switch relative mt-0.5 inline-flex h-7 w-12 shrink-0 rounded-full border-2 border-line-strong bg-sunken p-0.5 disabled:opacity-50 aria-checked:border-accent-line aria-checked:bg-accent"
      >
        <span className="block size-5 rounded-full bg-line-strong transition-transform group-aria-checked/switch:translate-x-5 group-aria-checked/switch:bg-on-accent rtl:group-aria-checked/switch:-translate-x-5" />
      </button>
    </div>
  )
}
