# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""The agent gives site numbers over the protocol of PEcAn's web/setups of 2017."""

import json
import signal
import subprocess
import threading
import urllib.parse

from register_test import RegisterCase
from support import finish, main, send


class Setups(RegisterCase):
    """Hosts that ask as PEcAn's web/setups/clientsyncscript.php of 2017 does: an urlencoded form, sent by curl."""

    PATH = "/pecan/setups/serversyncscript.php"

    def setUp(self):
        super().setUp()
        text = self.shared.file.read_text()
        self.addCleanup(self.shared.file.write_text, text)
        self.shared.file.write_text(text + 'site: { requests: "127.0.0.1:0" }\n')

    def agent(self):
        process = self.shared.start("agent", "--duties", "register")
        self.addCleanup(process.kill)
        line = ""
        while self.PATH not in line:
            line = process.stderr.readline()
            self.assertTrue(line, "the agent ended")
        self.url = line[line.index("http://"):].split()[0].rstrip(",;")
        return process

    def ask(self, host, secret="", token=None, **more):
        """What it answers with, by the program that PHP's curl stands on."""
        fields = {"client_sceret": secret, "server_auth_token": token or self.shared.secret("site_token"), "fqdn": host, **more}
        done = subprocess.run(["curl", "-s", "-w", "%{http_code}", "--data", urllib.parse.urlencode(fields), self.url],
                              capture_output=True, text=True, timeout=30, check=True)
        return int(done.stdout[-3:]), json.loads(done.stdout[:-3] or "null")

    def test_hosts_get_numbers_once_and_only_with_the_token_and_their_secret(self):
        process = self.shared.start("agent", "--duties", "register")
        self.addCleanup(process.kill)
        self.assertIn("register site makes secrets/site_token", self.words_of(process, "secrets/site_token"))
        send(process, signal.SIGTERM)
        finish(process, 20)
        self.register("site")
        process = self.agent()
        status, answer = self.ask("geo.example.org")
        self.assertEqual((status, answer["status"], answer["wantid"]), (200, "OK", 101))
        self.assertEqual(set(answer), {"status", "wantid", "client_sceret"})
        self.assertGreaterEqual(len(answer["client_sceret"]), 40)
        self.assertEqual(self.sql("SELECT sync_host_id, sync_start, sync_end FROM machines WHERE hostname = 'geo.example.org'"),
                         "101|101000000001|101999999999")
        self.assertNotIn(answer["client_sceret"], json.dumps(self.claims()))
        self.assertEqual(self.ask("geo.example.org", answer["client_sceret"]), (200, answer))

        got = []
        asking = [threading.Thread(target=lambda host=host: got.append(self.ask(host)[1]["wantid"]))
                  for host in ("a.example.org", "b.example.org")]
        for thread in asking:
            thread.start()
        for thread in asking:
            thread.join()
        self.assertEqual(sorted(got), [102, 103])

        def refused(*arguments, **more):
            status, answer = self.ask(*arguments, **more)
            self.assertEqual((status, answer["status"], set(answer)), (200, "ERROR", {"status", "errormessage"}))
            return answer["errormessage"]

        self.assertEqual(refused("geo.example.org", "a guess"), "Invalid client_sceret")
        self.assertEqual(refused("new.example.org", token="a guess"), "Invalid server_auth_token")
        self.assertEqual(refused("no host"), "Invalid fqdn")
        self.assertEqual(self.ask("x.example.org", padding="x" * 5000)[0], 413)
        while "Too many" not in refused("new.example.org", token="a guess"):
            pass
        self.assertEqual(set(self.claims()), {"100", "101", "102", "103"})
        send(process, signal.SIGTERM)
        self.assertEqual(finish(process, 20).exit, 143)

    @staticmethod
    def words_of(process, word):
        line = ""
        while word not in line:
            line = process.stderr.readline()
            assert line, "the agent ended"
        return line



if __name__ == "__main__":
    main()
