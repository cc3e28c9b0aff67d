# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""A registry as far as its lists of tags go: Docker Registry HTTP API v2, with tokens and in pages of two."""

import http.server
import json
import threading
import urllib.parse

TOKEN = "let-me-in"


class Registry:
    """At `host` (localhost:PORT) while it lives; `tags` may be changed: repository -> tags."""

    def __init__(self, tags):
        self.tags = tags
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.server.daemon_threads = True
        self.host = f"localhost:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def handler(self):
        registry = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                url = urllib.parse.urlsplit(self.path)
                query = dict(urllib.parse.parse_qsl(url.query))
                if url.path == "/token":
                    return self.answer(200, {"token": TOKEN} if query.get("scope") else {})
                repository = url.path.removeprefix("/v2/").removesuffix("/tags/list")
                if self.headers["Authorization"] != f"Bearer {TOKEN}":
                    scope = f'realm="http://{registry.host}/token",service="tests",scope="repository:{repository}:pull"'
                    return self.answer(401, {}, {"WWW-Authenticate": f"Bearer {scope}"})
                if repository not in registry.tags:
                    return self.answer(404, {"errors": [{"code": "NAME_UNKNOWN"}]})
                left = [tag for tag in sorted(registry.tags[repository]) if tag > query.get("last", "")]
                more = {"Link": f'</v2/{repository}/tags/list?last={left[1]}&n=2>; rel="next"'} if left[2:] else {}
                return self.answer(200, {"name": repository, "tags": left[:2]}, more)

            def answer(self, status, body, headers=None):
                text = json.dumps(body).encode()
                self.send_response(status)
                for name, value in {"Content-Length": str(len(text)), **(headers or {})}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        return Handler
