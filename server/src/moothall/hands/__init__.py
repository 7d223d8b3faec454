"""Raised hands: the order in which people want to speak."""
