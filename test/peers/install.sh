#!/usr/bin/env bash
# Fetches the peers for `npm run test:peers` into the folder given (default ~/.cache/rescind-peers). Needs Go 1.25 or
# newer and Python 3.10 or newer. OpenBao cannot be installed by `go install` (its module carries replacements): build
# it from a checkout of v2.6.2 or take a released binary, and put `bao` into the same folder.
set -euo pipefail
folder=${1:-$HOME/.cache/rescind-peers}
mkdir -p "$folder"
export GOBIN=$folder
go install github.com/letsencrypt/pebble/v2/cmd/pebble@v2.10.1
go install github.com/letsencrypt/pebble/v2/cmd/pebble-challtestsrv@v2.10.1
go install github.com/cloudflare/cfssl/cmd/cfssl@v1.6.5
go install github.com/caddyserver/caddy/v2/cmd/caddy@v2.10.2
# The module proxy must have the libraries of every DNS provider. Where it has not, leave the providers out but exec.
GOBIN=$folder go install github.com/go-acme/lego/v5@v5.6.0 || echo "lego was not built; its tests will be skipped" >&2
CGO_ENABLED=0 go install github.com/smallstep/certificates/cmd/step-ca@v0.30.2
python3 -m venv "$folder/python"
"$folder/python/bin/pip" install --quiet certbot==5.8.0 pkilint
for tool in certbot lint_crl lint_ocsp_response lint_cabf_serverauth_cert lint_cabf_smime_cert; do
  ln -sf "$folder/python/bin/$tool" "$folder/$tool"
done
echo "acme.sh is a script: put a checkout somewhere and link its acme.sh into $folder."
echo "Now: RESCIND_PEERS=$folder RESCIND_PKILINT=$folder npm run test:peers"
