# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""Keys of sites, and what they sign, made by OpenSSL as pecanctl writes them."""

import base64
import subprocess


def make_key(path):
    """An Ed25519 key, also left at `path`; both halves in base64."""
    subprocess.run(["openssl", "genpkey", "-algorithm", "ED25519", "-outform", "DER", "-out", path], check=True)
    public = subprocess.run(["openssl", "pkey", "-in", path, "-inform", "DER", "-pubout", "-outform", "DER"],
                            check=True, capture_output=True).stdout
    return tuple(base64.b64encode(half[-32:]).decode() for half in (path.read_bytes(), public))


def hand_over(path, old_public, new_public):
    """The line that goes beside a new key: the word of the old one, which is at `path`, for it."""
    message = path.with_suffix(".message")
    message.write_bytes(b"pecanctl bety key 1\n" + new_public.encode())
    signature = subprocess.run(["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", path, "-keyform", "DER", "-in", message],
                               check=True, capture_output=True).stdout
    return f"{old_public} {base64.b64encode(signature).decode()}\n"
