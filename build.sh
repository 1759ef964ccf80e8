#!/usr/bin/env bash
# ./build.sh [serve|test|build|publish|format|perf|lab] [arguments of serve, perf or lab]
# Builds through build.cake. "serve" then becomes podvirt itself, and "perf" the load test and "lab" the laboratory, so that Ctrl-C reaches it and nothing in between.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
target="${1:-serve}"
[ $# -gt 0 ] && shift
run() { (cd "$here" && dotnet tool restore >/dev/null && dotnet cake build.cake --target="$1"); }
if [ "$target" = serve ]; then
  run publish
  exec "$here/artifacts/podvirt/podvirt" serve --config "$here/podvirt.yaml" --data "$here/data" "$@"
fi
if [ "$target" = perf ]; then
  run perf
  cd "$here"
  # Only a whole run is a result; a part of one, or a quick one, is for whoever is trying something out.
  [ $# -gt 0 ] || set -- --results perf/results
  exec perf/Podvirt.LoadTest/bin/Release/net10.0/Podvirt.LoadTest run "$@"
fi
if [ "$target" = lab ]; then
  run lab
  cd "$here"
  [ $# -gt 0 ] || set -- --results perf/results
  exec perf/Podvirt.Laboratory/bin/Release/net10.0/Podvirt.Laboratory "$@"
fi
code=0
run "$target" || code=$?
if [ "$target" = test ] && [ -f "$here/artifacts/tests/summary" ]; then
  cat "$here/artifacts/tests/summary"
fi
exit "$code"
