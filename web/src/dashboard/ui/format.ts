/** Numbers, money and times as the dashboard writes them, times in the zone of the browser. */
const LANGUAGE = 'en'

/** Minutes as people read them: whole ones, from ten on, else with one decimal. */
export function formatMinutes(minutes: number): string {
  const digits = Math.abs(minutes) >= 10 ? 0 : 1
  return new Intl.NumberFormat(LANGUAGE, { maximumFractionDigits: digits }).format(minutes)
}

export function formatCount(count: number): string {
  return new Intl.NumberFormat(LANGUAGE).format(count)
}

/** `amount`: decimal text as the API gives it. Costs below a cent keep their four decimals. */
export function formatMoney(amount: string, currency: string): string {
  const isSmall = Number(amount) !== 0 && Math.abs(Number(amount)) < 0.01
  return new Intl.NumberFormat(LANGUAGE, {
    style: 'currency',
    currency,
    ...(isSmall ? { maximumFractionDigits: 4 } : {}),
  }).format(amount as Intl.StringNumericLiteral) // the API's pattern of money
}

/** The price of one minute, with all its decimals. */
export function formatPrice(price: string, currency: string): string {
  return new Intl.NumberFormat(LANGUAGE, { style: 'currency', currency, maximumFractionDigits: 8 }).format(
    price as Intl.StringNumericLiteral,
  )
}

/** `date`: `2026-11-22`, a day in UTC. */
export function formatDay(date: string): string {
  return new Intl.DateTimeFormat(LANGUAGE, { day: 'numeric', month: 'short', timeZone: 'UTC' }).format(new Date(date))
}

/** `month`: `2026-11`. */
export function formatMonth(month: string): string {
  return new Intl.DateTimeFormat(LANGUAGE, { month: 'long', year: 'numeric', timeZone: 'UTC' }).format(
    new Date(`${month}-01`),
  )
}

/** A moment in the person's own zone, to the second. */
export function formatMoment(moment: string): string {
  return new Intl.DateTimeFormat(LANGUAGE, { dateStyle: 'medium', timeStyle: 'medium' }).format(new Date(moment))
}

export function formatTime(moment: string | number): string {
  return new Intl.DateTimeFormat(LANGUAGE, { timeStyle: 'short' }).format(new Date(moment))
}

/** `45 s`, `12 min`, `1 h 5 min`. */
export function formatDuration(seconds: number): string {
  if (seconds < 60) {
    return `${Math.round(seconds)} s`
  }
  const minutes = Math.round(seconds / 60)
  const hours = Math.floor(minutes / 60)
  const rest = minutes % 60
  return hours === 0 ? `${minutes} min` : rest === 0 ? `${hours} h` : `${hours} h ${rest} min`
}
