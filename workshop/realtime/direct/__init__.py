"""The direct-write transport: Socket.IO without a greenlet, a queue or a wake-up per client and packet.

Lives here: websocket frames (`frames.py`), one connection (`wire.py`), one
client (`client.py`), all of them (`engine.py`, `clock.py`), rooms
(`membership.py`) and events (`server.py`). It knows nothing of workshops, only
gevent, python-engineio, python-socketio and Flask-SocketIO, at their extension
points; docs/decisions says why. Not here: what is sent to whom.

The web server must offer `environ["unstuck.hand_over"]` on a websocket's
request: called once, it gives (family, descriptor, what was read ahead) and
has nothing more to do with that connection.
"""
