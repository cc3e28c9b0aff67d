# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""What PEcAn's monitor does to BETY when it first hears of a model: find each row by its key, else insert it."""

import os.path


def quote(text):
    return "'" + str(text).replace("'", "''") + "'"


def register(sql, fqdn, info):
    """`sql` runs statements as one transaction. Returns the id of the file's row."""

    def ensure(table, **key):
        where = " AND ".join(f"{column} = {value}" for column, value in key.items())
        return (f"WITH found AS (SELECT id FROM {table} WHERE {where}), "
                f"made AS (INSERT INTO {table} ({', '.join(key)}) SELECT {', '.join(key.values())} "
                "WHERE NOT EXISTS (SELECT 1 FROM found) RETURNING id) "
                "SELECT id FROM found UNION ALL SELECT id FROM made")

    machine = sql(ensure("machines", hostname=quote(fqdn)))
    modeltype = sql(ensure("modeltypes", name=quote(info["type"])))
    model = sql(ensure("models", model_name=quote(info["name"]), modeltype_id=modeltype, revision=quote(info["version"])))
    return sql(ensure("dbfiles", container_type=quote("Model"), container_id=model,
                      file_name=quote(os.path.basename(info["binary"])), file_path=quote(os.path.dirname(info["binary"])),
                      machine_id=machine))
