# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""Passes requests on to an HTTP server and keeps "<METHOD> <target>" of each: a Unix socket for Docker, a port for Consul."""
import os
import socket
import threading


class RecordingProxy:
    """Listens for as long as the `with` block lasts: at `path`, or at a free port of the loopback address when that is
    None (`address` then has it). `upstream` is a path, or a pair of host and port."""

    def __init__(self, path, upstream):
        self.path, self.upstream, self.requests = path, upstream, []

    def __enter__(self):
        self.listener = socket.socket(socket.AF_UNIX if self.path else socket.AF_INET)
        self.listener.bind(self.path or ("127.0.0.1", 0))
        self.listener.listen(64)
        self.address = self.path or "127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.close()
        if self.path:
            os.unlink(self.path)

    def writing(self):
        """The calls that may change something."""
        return [one for one in self.requests if not one.startswith(("GET ", "HEAD "))]

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX if isinstance(self.upstream, str) else socket.AF_INET)
            server.connect(self.upstream)
            threading.Thread(target=self._requests, args=(client, server), daemon=True).start()
            threading.Thread(target=self._answers, args=(server, client), daemon=True).start()

    def _requests(self, client, server):
        with client.makefile("rb") as stream:
            while line := stream.readline():
                self.requests.append(" ".join(line.decode().split()[:2]))
                head = [line]
                while head[-1].strip():
                    head.append(stream.readline())
                server.sendall(b"".join(head))
                self._body(stream, head, server)
        server.close()

    @staticmethod
    def _body(stream, head, server):
        fields = dict(one.decode().lower().split(":", 1) for one in head[1:] if b":" in one)
        if "chunked" in fields.get("transfer-encoding", ""):
            while True:
                size = stream.readline()
                server.sendall(size + stream.read(int(size.split(b";")[0], 16) + 2))
                if int(size.split(b";")[0], 16) == 0:
                    return
        server.sendall(stream.read(int(fields.get("content-length", "0"))))

    @staticmethod
    def _answers(server, client):
        try:
            while piece := server.recv(65536):
                client.sendall(piece)
        except OSError:
            pass
        client.close()
