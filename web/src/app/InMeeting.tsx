import { RoomContext } from '@livekit/components-react'
import { Track } from 'livekit-client'
import type { Call } from '@/call/call'
import type { DeviceKind, DeviceList } from '@/call/devices'
import { ChatNews } from '@/features/chat/ChatNews'
import { ChatPanel } from '@/features/chat/ChatPanel'
import { DeviceChoices } from '@/features/devices/DeviceChoices'
import { PeoplePanel } from '@/features/people/PeoplePanel'
import { Stage } from '@/features/stage/Stage'
import { WaitingBar } from '@/features/waiting/WaitingBar'
import { WaitingSection } from '@/features/waiting/WaitingSection'
import { useWatchable } from '@/lib/useWatchable'

export interface InMeetingProps {
  call: Call
  devices: DeviceList
  roomName: string
  guestLink: string
  hasChat: boolean
}

/** The meeting with its side features. A part of the page of its own: it brings the media client. */
export default function InMeeting({ call, devices, roomName, guestLink, hasChat }: InMeetingProps) {
  // Drawn again when an input changes, so that the lists show the device that is open now.
  useWatchable(call)
  const choices = (kinds: readonly DeviceKind[]) => (
    <DeviceChoices
      devices={devices}
      kinds={kinds}
      inUse={devicesInUse(call)}
      onChoose={(kind, id) => {
        devices.choose(kind, id)
        void call.switchDevice(kind, id)
      }}
    />
  )
  return (
    <RoomContext value={call.room}>
      <Stage
        call={call}
        roomName={roomName}
        guestLink={guestLink}
        microphoneChoices={choices(['microphone', 'speaker'])}
        cameraChoices={choices(['camera'])}
        hasChat={hasChat}
        renderChat={(onClose) => <ChatPanel chat={call.chat} onClose={onClose} />}
        renderPeople={(participants, onClose) => (
          <PeoplePanel participants={participants} onClose={onClose}>
            <WaitingSection list={call.waitingList} />
          </PeoplePanel>
        )}
        renderWaiting={(isListOpen, onShow, onDone) => (
          <WaitingBar list={call.waitingList} isListOpen={isListOpen} onShow={onShow} onDone={onDone} />
        )}
      />
      {hasChat && <ChatNews chat={call.chat} />}
    </RoomContext>
  )
}

function devicesInUse({ room }: Call): Partial<Record<DeviceKind, string | null>> {
  const deviceOf = (source: Track.Source) =>
    room.localParticipant.getTrackPublication(source)?.track?.mediaStreamTrack.getSettings().deviceId ?? null
  return {
    microphone: deviceOf(Track.Source.Microphone),
    camera: deviceOf(Track.Source.Camera),
    speaker: room.getActiveDevice('audiooutput') ?? null,
  }
}
