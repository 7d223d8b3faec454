"""Helpers shared by the tests of several features: fakes, clocks and builders."""
