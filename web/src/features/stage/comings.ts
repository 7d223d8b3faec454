/** Joins and leaves, gathered for a moment so that a crowd is one sentence. Pure. */
export interface Comings {
  joined: readonly string[]
  left: readonly string[]
}

export const NOBODY: Comings = { joined: [], left: [] }

/** Somebody who leaves and is back within the same moment is not news. */
export function noteJoin({ joined, left }: Comings, name: string): Comings {
  return left.includes(name) ? { joined, left: without(left, name) } : { joined: [...joined, name], left }
}

export function noteLeave({ joined, left }: Comings, name: string): Comings {
  return joined.includes(name) ? { joined: without(joined, name), left } : { joined, left: [...left, name] }
}

function without(names: readonly string[], name: string): string[] {
  const index = names.indexOf(name)
  return names.filter((_, place) => place !== index)
}
