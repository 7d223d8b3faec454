/** The ports of the candidates in an SDP text (RFC 8839, 5.1), or null when it has none. */
export function portsIn(sdp: string): string | null {
  const found = [...sdp.matchAll(/^a=candidate:\S+ \d+ (udp|tcp) \d+ \S+ (\d+) typ host/gim)].map(
    ([, protocol = '', port = '']) => `${protocol.toUpperCase()} ${port}`,
  )
  return found.length > 0 ? [...new Set(found)].sort().reverse().join(', ') : null
}
