/** The backgrounds to choose from, and how a choice is kept. Pure. */

/** Drawn by the page itself. */
export const SCENES = ['dawn', 'meadow', 'harbour', 'evening'] as const
export type Scene = (typeof SCENES)[number]

export type Background =
  | { kind: 'off' }
  | { kind: 'blur'; strength: 'light' | 'strong' }
  | { kind: 'scene'; scene: Scene }
  /** A picture of the room's theme, by its address on this server. */
  | { kind: 'theme'; url: string }
  /** A picture of the person's own, kept in this browser. */
  | { kind: 'own'; id: string }

export const OFF: Background = { kind: 'off' }

/** The words in which a choice is kept: `blur:light`, `scene:dawn`, `theme:/…`, `own:…`. */
export function writeBackground(background: Background): string {
  switch (background.kind) {
    case 'off':
      return 'off'
    case 'blur':
      return `blur:${background.strength}`
    case 'scene':
      return `scene:${background.scene}`
    case 'theme':
      return `theme:${background.url}`
    case 'own':
      return `own:${background.id}`
  }
}

/** The choice that was kept; off for anything else. */
export function readBackground(text: string | null): Background {
  const [kind, value = ''] = text?.split(':') ?? []
  if (kind === 'blur' && (value === 'light' || value === 'strong')) {
    return { kind, strength: value }
  }
  const scene = SCENES.find((one) => one === value)
  if (kind === 'scene' && scene !== undefined) {
    return { kind, scene }
  }
  if (kind === 'theme' && value !== '') {
    return { kind, url: value }
  }
  return kind === 'own' && value !== '' ? { kind, id: value } : OFF
}
