# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""Databases of BETY's shape on a PostgreSQL that is there, for tests and benchmarks."""

import hashlib
import secrets
import subprocess
import time

from bety_rows import rows_sql
from bety_schema import schema_sql
from postgres_server import BIN


class Database:
    """One database; `drop` removes it with whoever is connected. `server` is (folder of the socket or host, port)."""

    def __init__(self, server, name=None):
        """Empty, without any schema."""
        self.server = server
        self.name = name or "pecanctl-test-" + secrets.token_hex(3)
        self.psql(f'CREATE DATABASE "{self.name}"', database="postgres")

    @classmethod
    def of_bety(cls, server, site=1, scale=None):
        """With BETY's schema, and with rows when there is a scale. A copy of one that is made the first time."""
        sql = schema_sql(site, "" if scale is None else rows_sql(site, scale))
        template = f"pecanctl-template-{hashlib.sha256(sql.encode()).hexdigest()[:12]}"
        self = cls.__new__(cls)
        self.server, self.name = server, "pecanctl-test-" + secrets.token_hex(3)
        copy = f'CREATE DATABASE "{self.name}" TEMPLATE "{template}"'
        if not self.psql(f"SELECT 1 FROM pg_database WHERE datname = '{template}'", database="postgres"):
            made = cls(server)
            try:
                made.psql(sql)
                made.psql(f'ALTER DATABASE "{made.name}" RENAME TO "{template}"', database="postgres")
            except AssertionError:
                made.drop()
                if not self.psql(f"SELECT 1 FROM pg_database WHERE datname = '{template}'", database="postgres"):
                    raise  # nobody else was faster
        for attempt in range(50):
            try:
                self.psql(copy, database="postgres")
                return self
            except AssertionError as error:  # somebody copies it, too
                if "being accessed" not in str(error) or attempt == 49:
                    raise
                time.sleep(0.2)
        return self

    def variables(self):
        """For libpq, and for pecanctl."""
        host, port = self.server
        return {"PGHOST": str(host), "PGPORT": str(port), "PGUSER": "postgres", "PGDATABASE": self.name}

    def psql(self, sql, database=None):
        """Runs SQL; its output, unaligned."""
        host, port = self.server
        done = subprocess.run([BIN / "psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-h", str(host), "-p", str(port), "-U", "postgres",
                               "-d", database or self.name], input=sql, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise AssertionError(f"psql: {done.stderr}")
        return done.stdout.strip()

    def tables(self):
        """All that have rows of sites."""
        return self.psql("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND "
                         "relname NOT IN ('spatial_ref_sys', 'schema_migrations', 'sessions') ORDER BY 1").split()

    def rows(self, table, where="true"):
        """Its rows as text, in the order of ids."""
        return self.psql(f"SET extra_float_digits = 3; SELECT t::text FROM {table} AS t WHERE {where} ORDER BY id, 1")

    def drop(self):
        self.psql(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)', database="postgres")
