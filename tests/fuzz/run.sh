#!/bin/sh
# Runs every fuzzer for some seconds each and prints a table: executions, edges covered, findings.
# Usage: run.sh SECONDS [BUILD_DIR] [TARGET...]
# What is new goes to a folder of its own, never to the committed corpus; findings stay in BUILD_DIR/findings.
set -eu
seconds=${1:?how many seconds for each target}
here=$(cd "$(dirname "$0")" && pwd)
build=${2:-$here/../../build/fuzz}
if [ $# -gt 2 ]; then
  shift 2
else
  set -- "$here"/corpus/*
fi
mkdir -p "$build/findings"
status=0
printf '| target | executions | edges | findings |\n|---|---:|---:|---:|\n'
for target in "$@"; do
  target=${target##*/}
  grown=$build/corpus/$target
  log=$build/findings/$target.log
  mkdir -p "$grown"
  "$build/tests/fuzz/fuzz_$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=4096 \
    -print_final_stats=1 -artifact_prefix="$build/findings/$target-" "$grown" "$here/corpus/$target" \
    >"$log" 2>&1 || status=1
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  edges=$(grep -o 'cov: [0-9]*' "$log" | tail -1 | cut -d' ' -f2)
  findings=$(find "$build/findings" -name "$target-*" | wc -l)
  printf '| %s | %s | %s | %s |\n' "$target" "${runs:-none}" "${edges:-none}" "$findings"
done
exit $status
