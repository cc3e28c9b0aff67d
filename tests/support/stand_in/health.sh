#!/bin/bash
# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
#
# What the health checks of the real images call. Ten of them every three seconds: no interpreter is started.
#
#   curl ... URL    exit code 0 for an answer below 400
#   traefik ...     whether the proxy listens
set -u
[ "${0##*/}" = traefik ] && url=http://127.0.0.1:80/ || url=${!#}
url=${url#http://}
host=${url%%/*}
port=${host#*:}
[ "$port" = "$host" ] && port=80
exec 3<>"/dev/tcp/${host%%:*}/$port" || exit 7
[ "${0##*/}" = traefik ] && exit 0
printf 'GET /%s HTTP/1.0\r\nHost: %s\r\n\r\n' "${url#"$host"}" "$host" >&3
read -r -t 5 _ status _ <&3 && [ "$status" -lt 400 ] || exit 22
