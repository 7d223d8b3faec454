"""What one participant may cost. Everything a client sends is held against these before it is looked at."""

# Wire.
MAX_MESSAGE_BYTES = 256 * 1024
# What a client with one connection says, because its offers have a section for whatever it receives; also as it connects.
MAX_OFFERING_MESSAGE_BYTES = 1024 * 1024
MAX_MESSAGES_PER_SECOND = 50.0
MAX_MESSAGE_BURST = 200
# A message counts once more for each of these that it has.
MESSAGE_UNIT_BYTES = 64 * 1024
# What one candidate counts: a client with many network interfaces sends hundreds of them as it connects.
CANDIDATE_COST = 0.2
MAX_PENDING_MESSAGES = 64
# Participants, those who left included, that a client was not yet told of.
MAX_PENDING_STATES = 2_000
MAX_TOKEN_BYTES = 16 * 1024
# Of the request that opens a socket: the first offer is in it, and not every client can compress it.
MAX_REQUEST_LINE_BYTES = 64 * 1024

# Strings, in bytes of UTF-8.
MAX_IDENTITY_BYTES = 256
MAX_ROOM_BYTES = 256
MAX_NAME_BYTES = 256
MAX_METADATA_BYTES = 64 * 1024
MAX_ATTRIBUTES_BYTES = 64 * 1024
MAX_ATTRIBUTES = 64
MAX_SHORT_STRING_BYTES = 256
MAX_CANDIDATE_BYTES = 1024

# Media.
MAX_TRACKS = 8
MAX_LAYERS = 3
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
# Kept for those who are on their way into a room.
MAX_RECENT_PACKETS = 200
MAX_RECENT_BYTES = 1_000_000
RECENT_SECONDS = 10.0
# After an answer: when its client is told again of what is paused, because it ignores that of tracks it has not taken in yet.
PAUSED_REMINDERS = (1.0, 3.0, 8.0)

# Server API.
MAX_API_BODY_BYTES = 512 * 1024
MAX_PREPARED_ROOMS = 1_000
LONGEST_ROOM_TIMEOUT = 24 * 3_600
# What LiveKit keeps a created room for when nothing else is asked for.
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
# What livekit-client takes to come back when its first attempts fail.
PROTOCOL_MEMORY = 60.0
DYNACAST_LOWERING_DELAY = 5.0
# How long news of participants, speakers and qualities may wait for more of it, for each participant who has to be told: with 250 of
# them, four messages a second to each, which costs about a twentieth of a core.
STATE_INTERVAL_PER_PARTICIPANT = 0.001
