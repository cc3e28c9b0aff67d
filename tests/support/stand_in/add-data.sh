#!/bin/bash
# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
#
# As PEcAn's docker/data/add-data.sh: files in /data, and their rows for the machine $FQDN.
[ -n "$FQDN" ] || { echo 'NEED TO SET FQDN' && exit 1; }
mkdir -p /data/sites && echo 1 >/data/sites/site.clim
psql -h postgres -U bety -d bety -q <<SQL
INSERT INTO machines (hostname) SELECT '$FQDN' WHERE NOT EXISTS (SELECT FROM machines WHERE hostname = '$FQDN');
INSERT INTO inputs (site_id, name) VALUES (772, 'site.clim');
INSERT INTO dbfiles (container_type, container_id, file_name, file_path, machine_id)
SELECT 'Input', max(i.id), 'site.clim', '/data/sites', max(m.id) FROM inputs i, machines m WHERE m.hostname = '$FQDN';
SQL
