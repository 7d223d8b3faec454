/**
 * The order of tiles over several pages. Tiles move as little as possible: people stay where they are seen, newcomers
 * come last, and somebody who speaks on a later page takes the place of whoever on the first page was silent longest.
 */
export interface Seat {
  id: string
  isLocal: boolean
  isSpeaking: boolean
  /** Milliseconds since the epoch; 0 for somebody who has not spoken. */
  lastSpokeAt: number
}

/** @param previous ids in the order shown last */
export function orderSeats(previous: readonly string[], seats: readonly Seat[], perPage: number): string[] {
  const byId = new Map(seats.map((seat) => [seat.id, seat]))
  const seated = new Set(previous)
  const order = [
    ...seats.filter((seat) => seat.isLocal),
    ...previous.flatMap((id) => byId.get(id) ?? []).filter((seat) => !seat.isLocal),
    ...seats.filter((seat) => !seat.isLocal && !seated.has(seat.id)),
  ]
  for (let index = perPage; index < order.length; index += 1) {
    const speaker = order[index]
    const place = speaker?.isSpeaking ? longestSilent(order, perPage) : -1
    const silent = order[place]
    if (speaker && silent) {
      order[place] = speaker
      order[index] = silent
    }
  }
  return order.map((seat) => seat.id)
}

/** The place on the first page that can be given away, or −1 when everybody there is speaking. */
function longestSilent(order: readonly Seat[], perPage: number): number {
  let found = -1
  let since = Number.POSITIVE_INFINITY
  for (const [index, seat] of order.slice(0, perPage).entries()) {
    if (!seat.isLocal && !seat.isSpeaking && seat.lastSpokeAt <= since) {
      found = index
      since = seat.lastSpokeAt
    }
  }
  return found
}
