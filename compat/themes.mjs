// Walks through the calls of the stock Node SDK for themes, recordings, numbers and applications,
// and prints what came back as JSON.
import { applicationsOf, called, collect, meetingsOf, methods, refusal } from './sdk.mjs'

const { APPLICATION_ID, LOGO_FILE, RECORDING_ID, SESSION_ID } = process.env

const meetings = meetingsOf()
const unknown = '7b1091e1-6c3f-4b0e-9b0e-2f6a36ad3d80'

const theme = await meetings.createTheme({
  themeName: 'Acme',
  mainColor: '#12f64e',
  brandText: 'Acme Inc.',
  shortCompanyUrl: 'acme-node',
})
const plain = await meetings.createTheme({ mainColor: '#abc', brandText: 'Plain' })
const updated = await meetings.updateTheme(theme.themeId, { brandText: 'Acme Ltd.' })
const rooms = []
for (const number of [1, 2, 3]) {
  rooms.push(await meetings.createRoom({ displayName: `Room ${number}`, themeId: theme.themeId }))
}
const found = {
  theme,
  plain,
  updated,
  rooms,
  read: await meetings.getTheme(theme.themeId),
  themes: await collect(meetings.getThemes()),
  roomsOfTheme: await collect(meetings.getRoomsForTheme(theme.themeId, { pageSize: 2 })),
  pageOfRoomsOfTheme: await meetings.getRoomsForThemePage(theme.themeId, { pageSize: 2 }),
  isDefault: await meetings.setDefaultTheme(plain.themeId),
  unknownDefault: await refusal(() => meetings.setDefaultTheme(unknown)),
  inUse: await refusal(() => meetings.deleteTheme(theme.themeId)),
  sameName: await refusal(() => meetings.createTheme({ themeName: 'Acme', mainColor: '#fff', brandText: 'x' })),
  badColor: await refusal(() => meetings.createTheme({ mainColor: 'red', brandText: 'x' })),
  unknownTheme: await refusal(() => meetings.getTheme(unknown)),
  icon: await meetings.uploadIcon(theme.themeId, 'white', LOGO_FILE).catch((error) => error.message),
}
found.defaultInUse = await refusal(() => meetings.deleteTheme(plain.themeId))
await meetings.deleteTheme(plain.themeId, true)
await meetings.deleteTheme(theme.themeId, true)
found.themesAtTheEnd = await collect(meetings.getThemes())

found.recording = await meetings.getRecording(RECORDING_ID)
found.recordings = await collect(meetings.getSessionRecordings(SESSION_ID))
found.unknownRecording = await refusal(() => meetings.getRecording(unknown))
await meetings.deleteRecording(RECORDING_ID)
found.recordingsAtTheEnd = await collect(meetings.getSessionRecordings(SESSION_ID))
found.numbers = await collect(meetings.getDialInNumbers())

const applications = applicationsOf()
const webhook = (name) => ({ address: `https://example.com/${name}`, httpMethod: 'POST' })
const capabilities = {
  meetings: {
    webhooks: {
      roomChanged: webhook('rooms'),
      sessionChanged: webhook('sessions'),
      recordingChanged: webhook('recordings'),
    },
  },
}
const created = await applications.createApplication({ name: 'Made by Node', capabilities })
found.application = created
found.applicationRead = await applications.getApplication(created.id)
found.roomOfApplication = await meetingsOf(created.id, created.keys.privateKey).createRoom({ displayName: 'Theirs' })
found.applicationUpdated = await applications.updateApplication({ ...found.applicationRead, name: 'Renamed by Node' })
found.applicationPage = await applications.getApplicationPage({ pageSize: 1 })
found.applicationList = await applications.listApplications({ pageSize: 1 })
found.applicationIds = (await collect(applications.listAllApplications({ pageSize: 1 }))).map((found) => found.id)
await applications.deleteApplication(created.id)
found.deletedApplication = await refusal(() => applications.getApplication(created.id))
found.stranger = await refusal(() => applicationsOf('00000000', 'wrong').getApplication(APPLICATION_ID))

console.log(JSON.stringify({ ...found, called: [...called], methods }))
