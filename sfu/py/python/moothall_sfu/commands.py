"""Values that the methods of ``Engine`` take: everything that goes into the SFU.

Each command is a method of its own with typed arguments (``__init__.pyi``). Values that belong
together are a dataclass here; ``sfu/py/src/engine.rs`` reads its fields by name.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

# A transport as a client names it: the one it sends media on, or the one it receives on.
Target: TypeAlias = Literal["publisher", "subscriber"]
Kind: TypeAlias = Literal["audio", "video"]
# Least verbose first.
LogLevel: TypeAlias = Literal["off", "error", "warning", "info", "debug"]


@dataclass(frozen=True, slots=True)
class SubscriptionSettings:
    """The wishes of a peer for a track (``set_subscription``).

    They are wishes only: where the client's network takes less, more important tracks are served
    first (``StreamStateChanged``).
    """

    # Forward the track at all.
    enabled: bool = True
    # 0 low, 1 medium, 2 high. Where that layer does not exist or is silent, the best one below it
    # is forwarded, else the lowest above.
    max_layer: int = 2
    # Frames per second: only the temporal layers that stay within it, at least the lowest; 0: all.
    max_fps: int = 0
    # Larger is more important; 0 states no preference.
    priority: int = 0
