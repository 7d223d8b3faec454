"""The engine inside this process.

LiveKit clients connect to it directly, and the SFU it is given moves their media.
"""
