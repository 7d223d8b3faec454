"""People whose page is in the background of a phone."""
