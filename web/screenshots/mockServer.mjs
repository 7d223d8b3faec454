// A stand-in for the server's page calls, used only while pictures are taken. The last digits of
// the meeting code say how it answers.
const ROOM = {
  display_name: 'Weekly planning',
  type: 'long_term',
  expires_at: '2026-12-23T10:00:00.000Z',
  initial_join_options: { microphone_state: 'default' },
  join_approval_level: 'none',
  available_features: {
    is_recording_available: true,
    is_chat_available: true,
    is_whiteboard_available: true,
    is_locale_switcher_available: true,
    is_captions_available: false,
  },
  ui_settings: { language: 'default' },
  theme: null,
}

const THEME = {
  main_color: '#7a1fa2',
  brand_text: 'Aurora Clinics',
  brand_image_colored_url: null,
  brand_image_white_url: null,
  branded_favicon_url: null,
  short_company_url: null,
  background_urls: [],
}

/** By the second digit of a code that begins with 7. */
const MAIN_COLOURS = {
  1: { main_color: '#000000' },
  2: { main_color: '#ffffff' },
  3: { main_color: '#ffeb3b' },
  4: { main_color: '#9e9e9e' },
}

const REFUSALS = {
  404: ['unknown_meeting', 404],
  410: ['meeting_expired', 410],
  403: ['host_link_invalid', 403],
  409: ['meeting_full', 409],
  429: ['too_many_requests', 429],
  503: ['unavailable', 503],
}

function lookup(code, token) {
  const refusal = REFUSALS[code.slice(-3)]
  if (refusal) {
    return [refusal[1], { code: refusal[0] }]
  }
  const long = 'Quarterly review of the cooperation between the northern and the southern branches, second part'
  return [
    200,
    {
      role: token ? 'owner' : 'guest',
      participants: Number(code.slice(-1)),
      room: {
        ...ROOM,
        meeting_code: code,
        theme: code.startsWith('7') ? { ...THEME, ...(MAIN_COLOURS[code[1]] ?? {}) } : null,
        display_name: code.startsWith('8') ? long : ROOM.display_name,
      },
    },
  ]
}

/** Codes that end in 7 wait for the owner, in 8 for the answer; 6: denied, 5: locked. */
const HOLDS = { 7: ['owner_absent', 'owner'], 8: ['approval', 'answer'], 6: ['approval', 'denied'] }

function reply(url, body) {
  switch (url) {
    case '/page/lookup':
      return lookup(body.meeting_code, body.participant_token)
    case '/page/join': {
      if (body.meeting_code.endsWith('5')) {
        return [403, { code: 'locked' }]
      }
      const hold = HOLDS[body.meeting_code.slice(-1)]
      return hold ? [202, { status: 'waiting', reason: hold[0], lobby_token: hold[1] }] : [503, { code: 'unavailable' }]
    }
    case '/page/waiting':
      return body.lobby_token === 'denied'
        ? [200, { status: 'denied' }]
        : [200, { status: 'waiting', reason: body.lobby_token === 'owner' ? 'owner_absent' : 'approval' }]
    default:
      return [503, { code: 'unavailable' }]
  }
}

/** The content security policy the server will send; pictures are taken under it. */
export const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "media-src 'self' blob:",
  "font-src 'self'",
  "connect-src 'self' ws: wss:",
  "worker-src 'self' blob:",
  "base-uri 'none'",
  "form-action 'self'",
  "object-src 'none'",
  "require-trusted-types-for 'script'",
].join('; ')

export function mockServer() {
  const install = (server) => {
    server.middlewares.use(async (request, response, next) => {
      if (!request.url?.startsWith('/page/')) {
        next()
        return
      }
      const chunks = []
      for await (const chunk of request) {
        chunks.push(chunk)
      }
      const body = JSON.parse(Buffer.concat(chunks).toString() || '{}')
      const [status, answer] = reply(request.url, body)
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(answer))
    })
  }
  return { name: 'mock-server', configureServer: install, configurePreviewServer: install }
}
