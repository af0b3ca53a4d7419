"""Load and speed, measured against the real server.

Lives here: what a room of simulated phones has to wait for. Not here: whether
the answers are right (`tests/`); though a lost one fails the measurement too.
"""
