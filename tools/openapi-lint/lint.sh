#!/bin/sh
# Lints an OpenAPI document with Spectral (Zalando, OWASP, OpenAPI) and Redocly; fails on any error.
# Warnings are not shown: they are wishes, and several contradict each other.
set -eu
[ $# = 1 ] || { echo "usage: lint.sh FILE" >&2; exit 2; }
folder=$(cd "$(dirname "$0")" && pwd)
bin=$folder/node_modules/.bin
[ -x "$bin/spectral" ] || { echo "lint.sh: run 'npm ci' in $folder first" >&2; exit 1; }
status=0

"$bin/spectral" lint --quiet --ruleset "$folder/spectral.yaml" \
    --fail-severity error --display-only-failures "$1" || status=1

# Nobody is told of the run, and no newer release is looked for.
REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true NO_UPDATE_NOTIFIER=1
export REDOCLY_TELEMETRY REDOCLY_SUPPRESS_UPDATE_NOTICE NO_UPDATE_NOTIFIER
# It talks on success too, and more than once: keep that for a failure.
if ! said=$("$bin/redocly" lint --config "$folder/redocly.yaml" "$1" 2>&1); then
    printf '%s\n' "$said"
    status=1
fi
exit $status
