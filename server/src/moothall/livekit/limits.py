"""The limits of one participant.

Every message of a client is checked against these before the server acts on it.
"""

# Wire.
MAX_MESSAGE_BYTES = 256 * 1024
# For a client with one connection, because its offers have a section for everything it receives;
# it also applies while the client connects.
MAX_OFFERING_MESSAGE_BYTES = 1024 * 1024
MAX_MESSAGES_PER_SECOND = 50.0
MAX_MESSAGE_BURST = 200
# A message counts once more for each of these that it has.
MESSAGE_UNIT_BYTES = 64 * 1024
# The weight of one candidate: a client with many network interfaces sends hundreds of them as it
# connects.
CANDIDATE_COST = 0.2
MAX_PENDING_MESSAGES = 64
# Participants, those who left included, that a client was not yet told of.
MAX_PENDING_STATES = 2_000
MAX_TOKEN_BYTES = 16 * 1024
# The request that opens a socket contains the first offer, and not every client can compress it.
MAX_REQUEST_LINE_BYTES = 64 * 1024

# Connecting: requests of one network (an IPv4 address or an IPv6 /64), joins with one ticket, and
# connections without media of one network. A school may be one network: half a room can be on its
# way in at once.
MAX_ENTRIES_PER_SECOND_OF_NETWORK = 50.0
MAX_ENTRY_BURST_OF_NETWORK = 500
MAX_ENTRIES_PER_SECOND_OF_TICKET = 0.5
MAX_ENTRY_BURST_OF_TICKET = 20
MAX_UNCONNECTED_OF_NETWORK = 125

# Strings, in bytes of UTF-8.
MAX_IDENTITY_BYTES = 256
MAX_ROOM_BYTES = 256
# 256 code points: 64 characters as people count them may have several, as in Hindi.
MAX_NAME_BYTES = 1024
MAX_METADATA_BYTES = 64 * 1024
MAX_ATTRIBUTES_BYTES = 64 * 1024
MAX_ATTRIBUTES = 64
MAX_SHORT_STRING_BYTES = 256
MAX_CANDIDATE_BYTES = 1024

# Media.
MAX_TRACKS = 8
# Screens shared in a room at the same time: people can follow no more.
MAX_SCREENS = 3
# How long the place of a replaced screen is kept for the one that follows, in seconds.
SCREEN_PLACE_KEPT = 10.0
MAX_LAYERS = 3
# One track has the codec it is published in, and a backup.
MAX_CODECS = 2
MAX_DIMENSION = 16_384
MAX_CANDIDATES = 64
MAX_TRACK_SIDS_PER_REQUEST = 2_000
MAX_TRACK_CHOICES = 4_000
MAX_TRACK_PERMISSIONS = 1_000

# Data packets.
MAX_DATA_BYTES = 64 * 1024
MAX_DATA_DESTINATIONS = 250
MAX_DATA_PACKETS_PER_SECOND = 500.0
MAX_DATA_PACKET_BURST = 1_000
MAX_DATA_BYTES_PER_SECOND = 2_000_000.0
MAX_DATA_BYTE_BURST = 4_000_000
# Streams one participant may have under way.
MAX_OPEN_STREAMS = 100
# Kept for those who are on their way into a room.
MAX_RECENT_PACKETS = 200
MAX_RECENT_BYTES = 1_000_000
RECENT_SECONDS = 10.0
# After an answer: when its client is told again of what is paused, because it ignores that of
# tracks it has not taken in yet.
PAUSED_REMINDERS = (1.0, 3.0, 8.0)

# Server API.
MAX_API_BODY_BYTES = 512 * 1024
MAX_PREPARED_ROOMS = 1_000
LONGEST_ROOM_TIMEOUT = 24 * 3_600
# The time for which LiveKit keeps a created room by default.
DEFAULT_EMPTY_TIMEOUT = 300
DEFAULT_DEPARTURE_TIMEOUT = 20

# Webhooks that wait for one URL.
MAX_PENDING_WEBHOOKS = 1_000

# Clients that test themselves and come back over another protocol.
MAX_REMEMBERED_PROTOCOLS = 1_000

# Time, in seconds.
PING_INTERVAL = 5
PING_TIMEOUT = 15
JOIN_TIMEOUT = 60.0
TRANSPORT_LOSS_TOLERANCE = 5.0
TRANSPORT_CLEANUP = 5.0
DETACHED_TIMEOUT = 30.0
DETACHED_TIMEOUT_GOING_AWAY = 5.0
TOKEN_REFRESH_INTERVAL = 300.0
# The time livekit-client takes to come back when its first attempts fail.
PROTOCOL_MEMORY = 60.0
DYNACAST_LOWERING_DELAY = 5.0
# How long news of participants, speakers and qualities may wait for more of it, for each
# participant who has to be told: with 250 of them, four messages a second to each, which costs
# about a twentieth of a core.
STATE_INTERVAL_PER_PARTICIPANT = 0.001
