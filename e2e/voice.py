"""A synthetic voice for fake microphones.

Its harmonics rise and fall in syllables like speech, so that noise suppression keeps it.
"""

import math
import struct
import wave
from pathlib import Path

RATE = 48_000
_SYLLABLES_PER_SECOND = 3.5
_LOUDNESS = 0.5


def speak(path: Path, seconds: float = 6.0) -> Path:
    """Write a mono 16-bit WAV file."""
    samples = bytearray()
    phase = 0.0
    for number in range(int(RATE * seconds)):
        at = number / RATE
        phase += 2 * math.pi * (150 + 25 * math.sin(2 * math.pi * 0.7 * at)) / RATE
        syllable = max(0.0, math.sin(math.pi * _SYLLABLES_PER_SECOND * at)) ** 0.5
        tone = sum(math.sin(phase * harmonic) / harmonic for harmonic in range(1, 12)) / 2
        samples += struct.pack("<h", int(32_000 * _LOUDNESS * syllable * max(-1.0, min(1.0, tone))))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(bytes(samples))
    return path
