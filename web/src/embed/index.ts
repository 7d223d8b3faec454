/** `@moothall/embed`: meetings in a page (docs/embed.md). Also served as `/embed.js`. */
import { MoothallMeetingElement } from './element.js'

export type { MoothallMeetingElement } from './element.js'
export { type Listener, type MeetingOptions, MoothallMeeting } from './meeting.js'
export type {
  Answer,
  AnswerCode,
  ChatMessageInfo,
  CommandArgs,
  CommandName,
  CommandValue,
  DeviceInfo,
  EventDetail,
  EventName,
  MeetingState,
  ParticipantInfo,
  RightsInfo,
  WaitingPerson,
} from './schema.js'

declare global {
  interface HTMLElementTagNameMap {
    'moothall-meeting': MoothallMeetingElement
  }
}

if (!customElements.get('moothall-meeting')) {
  customElements.define('moothall-meeting', MoothallMeetingElement)
}
