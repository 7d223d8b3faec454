import com.vonage.client.meetings.MeetingRoom;
import java.util.List;
import java.util.UUID;

/** Lists all rooms of each application named by the arguments, ID KEY_FILE THEME_ID three by three, and prints their names. */
final class Pages {
    public static void main(String[] arguments) {
        Walk walk = new Walk(new Object());
        for (int index = 0; index < arguments.length; index += 3) {
            Walk application = new Walk(Walk.clientOf(arguments[index], arguments[index + 1]).getMeetingsClient());
            List<MeetingRoom> rooms = application.call("listRooms");
            List<MeetingRoom> themed = application.call("searchRoomsByTheme", UUID.fromString(arguments[index + 2]));
            walk.keep(arguments[index], rooms.stream().map(MeetingRoom::getDisplayName).toList());
            walk.keep(arguments[index] + " of theme", themed.stream().map(MeetingRoom::getDisplayName).toList());
        }
        walk.print();
    }
}
