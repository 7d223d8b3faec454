"""Our SFU and its peers under the same load, in turn, on the same core."""
