"""Start dbt at the server beside this file, as if it were this process."""

# No module that is imported here imports another one, which would take longer than the rest.
import _signal
import _socket
import os
import sys

_signal.signal(_signal.SIGINT, _signal.SIG_IGN)  # dbt, in the same group, gets it too
server = _socket.socket(_socket.AF_UNIX)
server.connect(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "socket"))
files = b"".join(number.to_bytes(4, sys.byteorder) for number in [0, 1, 2])
server.sendmsg([b"\n"], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, files)])
wanted = {"arguments": sys.argv, "environment": dict(os.environ), "directory": os.getcwd(), "group": os.getpgrp()}
server.sendall(repr(wanted).encode() + b"\n")
code = int(server.recv(16) or 2)
if code < 0:
    os.kill(os.getpid(), -code)
os._exit(code)
