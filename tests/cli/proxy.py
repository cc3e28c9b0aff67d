# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""A Docker socket that fails on purpose: it passes on to the real one until a request says otherwise."""

import contextlib
import os
import re
import select
import socket
import threading


class Proxy:
    """Listens on `path`. The first request line that matches `trigger` makes it `die` (every connection is cut and
    nobody listens any more), `hang` (nothing is answered any more) or `refuse` (it answers 500 with `message`)."""

    def __init__(self, path, target, trigger="$^", action="die", message="", hit=1):
        self.path = str(path)
        self.requests = []
        self.triggered = threading.Event()
        self._target, self._trigger, self._action = target, re.compile(trigger), action
        self._message, self._left = message, hit
        self._lock = threading.Lock()
        self._open = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self.path)
        self._listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def environment(self):
        return f"unix://{self.path}"

    def writes(self):
        return [request for request in self.requests if not request.startswith(("GET", "HEAD"))]

    def close(self):
        with contextlib.suppress(OSError):
            os.unlink(self.path)
        with self._lock:
            for connection in [self._listener, *self._open]:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
                connection.close()

    def _accept(self):
        while True:
            try:
                client = self._listener.accept()[0]
                upstream = socket.socket(socket.AF_UNIX)
                upstream.connect(self._target)
            except OSError:
                return
            with self._lock:
                self._open += [client, upstream]
            threading.Thread(target=self._relay, args=(client, upstream), daemon=True).start()

    def _matches(self, data):
        line = data.split(b"\r\n", 1)[0].decode("latin-1")
        if not re.match(r"(GET|HEAD|POST|PUT|DELETE) /", line):
            return False
        with self._lock:
            self.requests.append(line)
            if not self._trigger.search(line):
                return False
            self._left -= 1
            return self._left == 0

    def _relay(self, client, upstream):
        with contextlib.suppress(OSError):
            while True:
                for ready in select.select([client, upstream], [], [])[0]:
                    data = ready.recv(65536)
                    if not data:
                        client.shutdown(socket.SHUT_RDWR)
                        return
                    if ready is client and self._matches(data):
                        self.triggered.set()
                        if self._action == "die":
                            self.close()
                            return
                        if self._action == "refuse":
                            body = b'{"message":"%s"}' % self._message.encode()
                            client.sendall(b"HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\n"
                                           b"Connection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
                            client.shutdown(socket.SHUT_RDWR)
                            return
                    if self._action == "hang" and self.triggered.is_set():
                        continue  # read, and never answered
                    (upstream if ready is client else client).sendall(data)
