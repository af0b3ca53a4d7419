"""Guides: documents of steps and activities, as data.

Lives here: the format and its checks (`schema.py`), reading YAML without its
dangers (`source.py`), the library of guides (`library.py`) and the shipped
files (`*.yaml`). Not here: running a guide with a group (`live_sessions.py`).
"""
