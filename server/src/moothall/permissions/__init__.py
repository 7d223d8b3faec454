"""The rights that hosts take from guests and give back, and the muting that goes with them."""
