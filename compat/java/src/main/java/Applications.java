import com.vonage.client.application.Application;
import com.vonage.client.application.ApplicationList;
import com.vonage.client.application.ListApplicationRequest;
import com.vonage.client.meetings.MeetingRoom;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Walks through every call of the stock Java SDK's ApplicationClient and prints what came back as JSON. */
final class Applications {
    public static void main(String[] arguments) throws IOException {
        String key = Walk.variable("API_KEY");
        Walk walk = new Walk(Walk.clientOfAccount(key, Walk.variable("API_SECRET")).getApplicationClient());

        Application created = walk.call("createApplication", Application.builder().name("Made by Java").build());
        walk.keep("created", created);
        Path keyFile = Files.createTempFile("java", ".pem");
        Files.writeString(keyFile, created.getKeys().getPrivateKey());
        Walk meetings = new Walk(Walk.clientOf(created.getId(), keyFile.toString()).getMeetingsClient());
        MeetingRoom room = meetings.call("createRoom", MeetingRoom.builder("Theirs").build());
        walk.keep("roomOfApplication", room);
        Application read = walk.call("getApplication", created.getId());
        walk.keep("read", read);
        Application renamed = Application.builder(read).name("Renamed by Java").improveAi(false).build();
        walk.keep("updated", walk.call("updateApplication", renamed));
        ApplicationList page = walk.call("listApplications", ListApplicationRequest.builder().pageSize(1).page(1).build());
        walk.keep("pageSize", page.getPageSize());
        walk.keep("total", page.getTotalItems());
        walk.call("listApplications");
        walk.keep("all", walk.call("listAllApplications"));
        walk.call("deleteApplication", created.getId());
        walk.keepRefusal("deleted", () -> walk.call("getApplication", created.getId()));
        Walk stranger = new Walk(Walk.clientOfAccount(key, "wrong").getApplicationClient());
        walk.keepRefusal("stranger", () -> stranger.call("getApplication", created.getId()));
        Files.delete(keyFile);
        walk.print();
    }
}
