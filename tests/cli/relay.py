# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""What listens on the loopback address, made reachable at another one of this machine; and cut off again."""

import contextlib
import select
import socket
import threading


class Relay:
    """Passes connections to `host`, at a free port, on to `target`."""

    def __init__(self, host, target):
        self.target = target
        self.open = []
        self.listener = socket.create_server((host, 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client = self.listener.accept()[0]
                server = socket.create_connection(self.target)
                self.open += [client, server]
                threading.Thread(target=self.carry, args=(client, server), daemon=True).start()

    @staticmethod
    def carry(client, server):
        other = {client: server, server: client}
        with contextlib.suppress(OSError, ValueError):
            while True:
                for end in select.select([client, server], [], [])[0]:
                    if not (piece := end.recv(65536)):
                        return
                    other[end].sendall(piece)

    def close(self):
        for end in [self.listener, *self.open]:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
