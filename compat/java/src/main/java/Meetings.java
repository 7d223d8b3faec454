import com.vonage.client.meetings.Application;
import com.vonage.client.meetings.AvailableFeatures;
import com.vonage.client.meetings.CallbackUrls;
import com.vonage.client.meetings.InitialJoinOptions;
import com.vonage.client.meetings.JoinApprovalLevel;
import com.vonage.client.meetings.LogoType;
import com.vonage.client.meetings.MeetingRoom;
import com.vonage.client.meetings.MicrophoneState;
import com.vonage.client.meetings.Recording;
import com.vonage.client.meetings.RecordingOptions;
import com.vonage.client.meetings.RoomLanguage;
import com.vonage.client.meetings.RoomType;
import com.vonage.client.meetings.Theme;
import com.vonage.client.meetings.UISettings;
import com.vonage.client.meetings.UpdateApplicationRequest;
import com.vonage.client.meetings.UpdateRoomRequest;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.UUID;

/** Walks through every Meetings call of the stock Java SDK and prints what came back as JSON. */
final class Meetings {
    private static final UUID UNKNOWN = UUID.fromString("7b1091e1-6c3f-4b0e-9b0e-2f6a36ad3d80");

    public static void main(String[] arguments) {
        Walk walk = new Walk(Walk.clientOf(Walk.variable("APPLICATION_ID"), Walk.variable("PRIVATE_KEY_FILE")).getMeetingsClient());
        walkThroughThemes(walk);
        walkThroughRooms(walk);
        walkThroughRecordings(walk);
        walk.keep("numbers", walk.call("listDialNumbers"));
        walk.print();
    }

    private static void walkThroughThemes(Walk walk) {
        Theme theme = walk.keep("theme", walk.call("createTheme", Theme.builder()
                .themeName("Acme Java").mainColor("#12f64e").brandText("Acme Inc.").shortCompanyUrl("acme-java").build()));
        UUID id = theme.getThemeId();
        walk.keep("themeUpdated", walk.call("updateTheme", id, Theme.builder().brandText("Acme Ltd.").build()));
        for (LogoType type : LogoType.values()) {
            String file = Walk.variable(type == LogoType.FAVICON ? "FAVICON_FILE" : "LOGO_FILE");
            walk.call("updateThemeLogo", id, type, Path.of(file));
        }
        walk.keep("themeRead", walk.call("getTheme", id));
        walk.keep("themes", walk.call("listThemes"));
        MeetingRoom room = walk.call("createRoom", MeetingRoom.builder("Themed").themeId(id).build());
        walk.keep("themedRoom", room);
        walk.keep("roomsOfTheme", walk.call("searchRoomsByTheme", id));
        Application application = walk.call("updateApplication", UpdateApplicationRequest.builder().defaultThemeId(id).build());
        walk.keep("application", application);
        walk.keepRefusal("themeInUse", () -> walk.call("deleteTheme", id, false));
        walk.call("deleteTheme", id, true);
        walk.keepRefusal("themeDeleted", () -> walk.call("getTheme", id));
        walk.keep("themesAtTheEnd", walk.call("listThemes"));
    }

    private static void walkThroughRooms(Walk walk) {
        MeetingRoom instant = walk.keep("instant", walk.call("createRoom", MeetingRoom.builder("Made by Java").build()));
        Instant expiresAt = Instant.now().plus(7, ChronoUnit.DAYS);
        MeetingRoom asked = MeetingRoom.builder("Weekly")
                .metadata("case 42")
                .type(RoomType.LONG_TERM)
                .expiresAt(expiresAt)
                .expireAfterUse(true)
                .isAvailable(true)
                .joinApprovalLevel(JoinApprovalLevel.EXPLICIT_APPROVAL)
                .recordingOptions(RecordingOptions.builder().autoRecord(true).recordOnlyOwner(true).build())
                .initialJoinOptions(InitialJoinOptions.builder().microphoneState(MicrophoneState.OFF).build())
                .uiSettings(UISettings.builder().language(RoomLanguage.PT_BR).build())
                .callbackUrls(CallbackUrls.builder()
                        .roomsCallbackUrl("https://example.com/rooms")
                        .sessionsCallbackUrl("https://example.com/sessions")
                        .recordingsCallbackUrl("https://example.com/recordings")
                        .build())
                .availableFeatures(AvailableFeatures.builder()
                        .isRecordingAvailable(true).isChatAvailable(false)
                        .isWhiteboardAvailable(false).isLocaleSwitcherAvailable(false)
                        .build())
                .build();
        MeetingRoom longTerm = walk.keep("longTerm", walk.call("createRoom", asked));
        UUID id = longTerm.getId();
        walk.keep("expiresAt", asked.getExpiresAt().toString());
        walk.keep("read", walk.call("getRoom", id));
        walk.keep("occupied", walk.call("getRoom", UUID.fromString(Walk.variable("OCCUPIED_ROOM_ID"))));
        UpdateRoomRequest change = UpdateRoomRequest.builder()
                .expiresAt(expiresAt.plus(7, ChronoUnit.DAYS))
                .expireAfterUse(false)
                .joinApprovalLevel(JoinApprovalLevel.AFTER_OWNER_ONLY)
                .initialJoinOptions(InitialJoinOptions.builder().microphoneState(MicrophoneState.ON).build())
                .callbackUrls(CallbackUrls.builder().roomsCallbackUrl("https://example.com/others").build())
                .availableFeatures(AvailableFeatures.builder().isChatAvailable(true).build())
                .build();
        walk.keep("updated", walk.call("updateRoom", id, change));
        walk.keepRefusal("instantUpdate", () -> walk.call("updateRoom", instant.getId(), change));
        walk.keepRefusal("unknownRoom", () -> walk.call("getRoom", UNKNOWN));
        List<MeetingRoom> rooms = walk.call("listRooms");
        walk.keep("roomIds", rooms.stream().map(room -> room.getId().toString()).toList());
        Walk stranger = new Walk(Walk.clientOf(UNKNOWN.toString(), Walk.variable("PRIVATE_KEY_FILE")).getMeetingsClient());
        walk.keepRefusal("stranger", () -> stranger.call("getRoom", id));
    }

    private static void walkThroughRecordings(Walk walk) {
        UUID id = UUID.fromString(Walk.variable("RECORDING_ID"));
        String session = Walk.variable("SESSION_ID");
        Recording recording = walk.call("getRecording", id);
        walk.keep("recording", recording);
        walk.keep("recordingUrl", recording.getUrl().toString());
        walk.keep("recordings", walk.call("listRecordings", session));
        walk.keep("running", walk.call("getRecording", UUID.fromString(Walk.variable("RUNNING_RECORDING_ID"))));
        walk.call("deleteRecording", id);
        walk.keepRefusal("deletedRecording", () -> walk.call("getRecording", id));
        walk.keepRefusal("unknownSession", () -> walk.call("listRecordings", "2_MX4unknown"));
    }
}
