// The stock Node SDK as its documentation shows it, pointed at the server in MOOTHALL_HOST; only its hosts are set.
import { createRequire } from 'node:module'

// The SDK is CommonJS.
const require = createRequire(import.meta.url)
const { Auth } = require('@vonage/auth')
const { Applications } = require('@vonage/applications')
const { Meetings } = require('@vonage/meetings')

const { MOOTHALL_HOST, APPLICATION_ID, PRIVATE_KEY_FILE, API_KEY, API_SECRET } = process.env

export const meetingsOf = (applicationId = APPLICATION_ID, privateKey = PRIVATE_KEY_FILE) =>
  new Meetings(new Auth({ applicationId, privateKey }), { meetingsHost: MOOTHALL_HOST })

export const applicationsOf = (apiKey = API_KEY, apiSecret = API_SECRET) =>
  new Applications(new Auth({ apiKey, apiSecret }), { apiHost: MOOTHALL_HOST })

export const collect = async (items) => {
  const found = []
  for await (const item of items) {
    found.push(item)
  }
  return found
}

// What the SDK throws, with the body of the answer.
export const refusal = async (call) => {
  try {
    await call()
  } catch (error) {
    return { status: error.response?.status, body: await error.response?.json() }
  }
  throw new Error('the call was not refused')
}
