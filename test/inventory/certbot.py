"""Asks for renewal information as certbot does: with its own acme library, from a directory URL and a certificate.

Prints {"now", "renewAt", "retryAt"} as JSON; renewAt is null when the library found no answer.
"""
import json
import sys
from datetime import datetime, timezone

import josepy
from acme import client, messages
from cryptography.hazmat.primitives.asymmetric import ec

directory_url, certificate_path = sys.argv[1:]
key = josepy.JWKEC(key=ec.generate_private_key(ec.SECP256R1()))
net = client.ClientNetwork(key, alg=josepy.ES256, user_agent="rescind-peers", verify_ssl=False)
directory = messages.Directory.from_json(net.get(directory_url).json())
acme = client.ClientV2(directory, net)
with open(certificate_path, "rb") as certificate:
    renew_at, retry_at = acme.renewal_time(certificate.read())
print(
    json.dumps(
        {
            "now": datetime.now(timezone.utc).isoformat(),
            "renewAt": renew_at.isoformat() if renew_at else None,
            "retryAt": retry_at.astimezone(timezone.utc).isoformat(),
        }
    )
)
