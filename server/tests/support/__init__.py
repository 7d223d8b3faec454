"""What tests of several features share: fakes, clocks and builders."""
