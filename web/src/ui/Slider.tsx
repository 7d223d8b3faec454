import { useId } from 'react'
import { useTranslation } from 'react-i18next'

export interface SliderProps {
  label: string
  /** From 0 to 100. */
  value: number
  onChange: (value: number) => void
  /** The person has let go of it. */
  onSet?: () => void
}

const STEP = 10

/** An amount between nothing and all. */
export function Slider({ label, value, onChange, onSet }: SliderProps) {
  const { i18n } = useTranslation()
  const id = useId()
  const amount = new Intl.NumberFormat(i18n.language, { style: 'percent' }).format(value / 100)
  return (
    <div className="flex flex-wrap items-center justify-between gap-x-4 py-2">
      <label htmlFor={id} className="min-w-0 font-medium text-sm">
        {label}
      </label>
      <span className="flex items-center gap-3">
        <input
          type="range"
          id={id}
          min={0}
          max={100}
          step={STEP}
          value={value}
          aria-valuetext={amount}
          onChange={(event) => onChange(event.currentTarget.valueAsNumber)}
          onPointerUp={onSet}
          onKeyUp={onSet}
          className="h-11 w-36 accent-accent-line"
        />
        <output htmlFor={id} className="min-w-11 text-end text-muted text-sm tabular-nums">
          {amount}
        </output>
      </span>
    </div>
  )
}
