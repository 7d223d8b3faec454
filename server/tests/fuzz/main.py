"""One target under libFuzzer: ``python -m fuzz.main TARGET [option or folder of inputs]…`` with libFuzzer's own options."""

import sys

import atheris

# Whatever is imported here counts which of its branches run, for libFuzzer to see.
with atheris.instrument_imports(include=["moothall.signalling", "fuzz"]):
    from fuzz.targets import TARGETS

if __name__ == "__main__":
    program, name, *options = sys.argv
    atheris.Setup([program, *options], TARGETS[name])
    atheris.Fuzz()
