#!/usr/bin/env bash
# ./build.sh [serve|test|build|publish|format] [arguments of serve]
# Builds through build.cake. "serve" then becomes podvirt itself, so that Ctrl-C reaches it and nothing in between.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
target="${1:-serve}"
[ $# -gt 0 ] && shift
run() { (cd "$here" && dotnet tool restore >/dev/null && dotnet cake build.cake --target="$1"); }
if [ "$target" = serve ]; then
  run publish
  exec "$here/artifacts/podvirt/podvirt" serve --config "$here/podvirt.yaml" --data "$here/data" "$@"
fi
code=0
run "$target" || code=$?
if [ "$target" = test ] && [ -f "$here/artifacts/tests/summary" ]; then
  cat "$here/artifacts/tests/summary"
fi
exit "$code"
