"""One target under libFuzzer.

``python -m fuzz.main TARGET [option or folder of inputs]…`` with libFuzzer's own options.
"""

import sys

import atheris

# Modules imported here report to libFuzzer which of their branches run.
with atheris.instrument_imports(include=["moothall.livekit", "moothall.signalling", "moothall.engines", "fuzz"]):
    from fuzz.targets import TARGETS

if __name__ == "__main__":
    program, name, *options = sys.argv
    atheris.Setup([program, *options], TARGETS[name])
    atheris.Fuzz()
