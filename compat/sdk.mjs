// The stock Node SDK as its documentation shows it, pointed at the server in MOOTHALL_HOST; only
// its hosts are set.
import { createRequire } from 'node:module'

// The SDK is CommonJS.
const require = createRequire(import.meta.url)
const { Auth } = require('@vonage/auth')
const { Applications } = require('@vonage/applications')
const { Meetings } = require('@vonage/meetings')

const { MOOTHALL_HOST, APPLICATION_ID, PRIVATE_KEY_FILE, API_KEY, API_SECRET } = process.env

// The methods that a script has called, and all that there are; Python's test of the coverage
// compares them.
export const called = new Set()
const methodsOf = (kind) => Object.getOwnPropertyNames(kind.prototype).filter((name) => name !== 'constructor' && !name.startsWith('_'))
export const methods = [...methodsOf(Meetings), ...methodsOf(Applications)]

// The client itself, writing down which of its methods the script calls; what the SDK calls of
// itself does not count.
const watched = (client) =>
  new Proxy(client, {
    get: (target, name) => {
      const member = target[name]
      if (typeof member !== 'function') {
        return member
      }
      called.add(name)
      return member.bind(target)
    },
  })

export const meetingsOf = (applicationId = APPLICATION_ID, privateKey = PRIVATE_KEY_FILE) =>
  watched(new Meetings(new Auth({ applicationId, privateKey }), { meetingsHost: MOOTHALL_HOST }))

export const applicationsOf = (apiKey = API_KEY, apiSecret = API_SECRET) =>
  watched(new Applications(new Auth({ apiKey, apiSecret }), { apiHost: MOOTHALL_HOST }))

export const collect = async (items) => {
  const found = []
  for await (const item of items) {
    found.push(item)
  }
  return found
}

// An error of the SDK, with the body of the answer.
export const refusal = async (call) => {
  try {
    await call()
  } catch (error) {
    return { status: error.response?.status, body: await error.response?.json() }
  }
  throw new Error('the call was not refused')
}
