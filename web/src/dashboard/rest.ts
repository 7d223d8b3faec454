/** The way in which screens ask the server. The shell gives it; tests give their own. */
import { createContext, useContext } from 'react'

export interface Ask {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** `/v1/meetings/…` is asked as the chosen application, `/v2/…` as the account. */
  path: string
  query?: Record<string, string | number | boolean | null | undefined>
  body?: unknown
}

export interface Rest {
  /** Identifies what the answers belong to; part of the key of each query. */
  applicationId: string
  role: 'owner' | 'member' | 'viewer'
  /** The JSON of the answer, undefined if empty. Rejects with a RestError or a TypeError. */
  ask: <Answer>(ask: Ask) => Promise<Answer>
  /** The answer in another form, such as `text/csv`. Rejects in the same way. */
  text: (ask: Ask, accept: string) => Promise<string>
}

/** The server refused; its message is in words for people. */
export class RestError extends Error {
  readonly status: number
  readonly body: unknown

  constructor(status: number, message: string, body: unknown) {
    super(message)
    this.name = 'RestError'
    this.status = status
    this.body = body
  }
}

const Context = createContext<Rest | null>(null)
export const RestProvider = Context.Provider

export function useRest(): Rest {
  const rest = useContext(Context)
  if (rest === null) {
    throw new Error('a screen of the dashboard is shown outside of RestProvider')
  }
  return rest
}
