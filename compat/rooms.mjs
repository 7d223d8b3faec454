// Walks through the room calls of the stock Node SDK against the server in MOOTHALL_HOST and prints
// what came back as JSON.
import { called, collect, meetingsOf, methods, refusal } from './sdk.mjs'

const { EXPIRES_AT, LATER } = process.env

const meetings = meetingsOf()
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
    stranger: await refusal(() => meetingsOf(unknown).getRoom(instant.id)),
    called: [...called],
    methods,
  }),
)
