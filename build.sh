#!/usr/bin/env bash
# ./build.sh [serve|test|build|publish|format|perf|lab|cluster] [arguments of serve, perf, lab or cluster]
# Builds through build.cake. "serve" then becomes podvirt itself, "perf" the load test, "lab" the laboratory and "cluster" a cluster on this machine, so that Ctrl-C reaches it and nothing in between.
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
if [ "$target" = cluster ]; then
  run cluster
  cd "$here"
  [ $# -gt 0 ] || set -- up
  exec tests/Podvirt.LocalCluster/bin/Release/net10.0/Podvirt.LocalCluster "$@"
fi
code=0
run "$target" || code=$?
if [ "$target" = test ] && [ -f "$here/artifacts/tests/summary" ]; then
  cat "$here/artifacts/tests/summary"
fi
exit "$code"
