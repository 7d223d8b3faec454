// Walks through the room calls of the stock Node SDK against the server in MOOTHALL_HOST and prints what came back as JSON.
// The SDK is used as its documentation shows it; only its host is set.
import { createRequire } from 'node:module'

// The SDK is CommonJS.
const require = createRequire(import.meta.url)
const { Auth } = require('@vonage/auth')
const { Meetings } = require('@vonage/meetings')

const { MOOTHALL_HOST, APPLICATION_ID, PRIVATE_KEY_FILE, EXPIRES_AT, LATER } = process.env

const client = (applicationId) =>
  new Meetings(new Auth({ applicationId, privateKey: PRIVATE_KEY_FILE }), { meetingsHost: MOOTHALL_HOST })

const collect = async (rooms) => {
  const found = []
  for await (const room of rooms) {
    found.push(room)
  }
  return found
}

// What the SDK throws, with the body of the answer.
const refusal = async (call) => {
  try {
    await call()
  } catch (error) {
    return { status: error.response?.status, body: await error.response?.json() }
  }
  throw new Error('the call was not refused')
}

const meetings = client(APPLICATION_ID)
const instant = await meetings.createRoom({ displayName: 'Made by Node' })
const longTerm = await meetings.createRoom({
  displayName: 'Weekly',
  metadata: 'case 42',
  type: 'long_term',
  expiresAt: EXPIRES_AT,
  expireAfterUse: true,
  joinApprovalLevel: 'explicit_approval',
  recordingOptions: { autoRecord: true },
  initialJoinOptions: { microphoneState: 'off' },
  callbackUrls: { roomsCallbackUrl: 'https://example.com/rooms' },
  availableFeatures: { isChatAvailable: false },
})
for (const number of [3, 4, 5]) {
  await meetings.createRoom({ displayName: `Room ${number}` })
}

const unknown = '7b1091e1-6c3f-4b0e-9b0e-2f6a36ad3d80'
console.log(
  JSON.stringify({
    instant,
    longTerm,
    read: await meetings.getRoom(longTerm.id),
    all: await collect(meetings.getRooms()),
    byTwos: await collect(meetings.getRooms({ pageSize: 2 })),
    page: await meetings.getRoomPage({ pageSize: 2 }),
    updated: await meetings.updateRoom(longTerm.id, { expiresAt: LATER, joinApprovalLevel: 'none' }),
    instantUpdate: await refusal(() => meetings.updateRoom(instant.id, { joinApprovalLevel: 'none' })),
    emptyUpdate: await refusal(() => meetings.updateRoom(longTerm.id, {})),
    unknownRoom: await refusal(() => meetings.getRoom(unknown)),
    badRoom: await refusal(() => meetings.createRoom({ displayName: 'x'.repeat(201) })),
    stranger: await refusal(() => client(unknown).getRoom(instant.id)),
  }),
)
