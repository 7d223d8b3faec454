import { type ComponentType, useEffect, useReducer } from 'react'

const RETRY_MS = 2_000

const loads: (() => Promise<void>)[] = []

export interface LaterModule<Module> {
  /**
   * The module, or null until it is there: it is fetched once a component wants it, and drawn anew
   * with it. A fetch that fails is repeated while it is wanted, so that a short break of the
   * network breaks nothing else.
   */
  use: (isWanted: boolean) => Module | null
}

/** A part of the page that is not fetched before it is wanted. */
export function laterModule<Module>(load: () => Promise<Module>): LaterModule<Module> {
  let loaded: Module | null = null
  const fetch = async () => {
    loaded ??= await load()
  }
  loads.push(fetch)

  return {
    use: function useLater(isWanted) {
      const [, redraw] = useReducer((count: number) => count + 1, 0)
      const isMissing = loaded === null
      useEffect(() => {
        if (!isWanted || !isMissing) {
          return
        }
        let timer: number | undefined
        let isHere = true
        const attempt = () =>
          fetch().then(
            () => isHere && redraw(),
            () => {
              timer = isHere ? window.setTimeout(attempt, RETRY_MS) : undefined
            },
          )
        void attempt()
        return () => {
          isHere = false
          window.clearTimeout(timer)
        }
      }, [isWanted, isMissing])
      return loaded
    },
  }
}

/** The same for one component: until it is there, nothing stands in its place. */
export function later<Props extends object>(load: () => Promise<ComponentType<Props>>): ComponentType<Props> {
  const module = laterModule(async () => ({ Loaded: await load() }))
  return function Later(props: Props) {
    const loaded = module.use(true)
    return loaded && <loaded.Loaded {...props} />
  }
}

/**
 * Fetches all such parts, when there is time for it: what is opened afterwards opens at once, also
 * when the server is not to be reached at that moment.
 */
export async function fetchLaterParts(): Promise<void> {
  await Promise.allSettled(loads.map((load) => load()))
}
