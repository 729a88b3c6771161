# SPDX-License-Identifier: LGPL-2.1-or-later
"""What Debian's cloud-init makes of user-data: its parts, and the merged cloud-config.

Run by /usr/bin/python3 with cloud-init's packages in PYTHONPATH. Standard input has a JSON object
of user-data in base64 by name; standard output gets one of {config, parts} by name.
"""
import base64
import json
import logging
import sys
import tempfile

from cloudinit import handlers, helpers, user_data, util
from cloudinit.handlers.cloud_config import CloudConfigPartHandler

KINDS = {"text/x-shellscript": ("script", "per-instance"),
         "text/x-shellscript-per-boot": ("script", "always"),
         "text/x-shellscript-per-instance": ("script", "per-instance"),
         "text/x-shellscript-per-once": ("script", "once"),
         "text/cloud-boothook": ("boothook", "always")}


def read(blob, paths):
    message = user_data.UserDataProcessor(paths).process(blob)
    merger = CloudConfigPartHandler(paths)
    merger.cloud_fn = None
    merger.handle_part(None, handlers.CONTENT_START, None, None, None, None)
    parts = []
    for part in message.walk():
        if part.get_content_maintype() == "multipart":
            continue
        ctype = part.get_content_type()
        headers = dict(part)
        payload = util.fully_decoded_payload(part)
        if ctype in ("text/cloud-config", "text/cloud-config-jsonp"):
            merger.handle_part(None, ctype, part.get_filename() or "x", payload, None, headers)
        elif ctype in KINDS:
            kind, frequency = KINDS[ctype]
            if isinstance(payload, bytes):
                payload = payload.decode("utf-8", "surrogateescape")
            if kind == "boothook":
                payload = util.strip_prefix_suffix(util.dos2unix(payload),
                                                   prefix="#cloud-boothook").lstrip()
            else:
                payload = util.dos2unix(payload)
            parts.append({"kind": kind, "frequency": frequency, "base64": base64.b64encode(
                payload.encode("utf-8", "surrogateescape")).decode()})
    return {"config": merger.cloud_buf, "parts": parts}


def main():
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as directory:
        paths = helpers.Paths({"cloud_dir": directory, "run_dir": directory})
        result = {}
        for name, blob in json.load(sys.stdin).items():
            try:
                result[name] = read(base64.b64decode(blob), paths)
            except Exception as error:  # whatever it is, it is an answer
                result[name] = {"error": str(error)}
        json.dump(result, sys.stdout, default=lambda value: value.decode("latin-1")
                  if isinstance(value, bytes) else str(value))


if __name__ == "__main__":
    main()
