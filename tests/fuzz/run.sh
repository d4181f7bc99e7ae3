#!/bin/bash
# Runs every fuzzer for some seconds each and prints a table: executions, seconds of CPU, edges covered, findings.
# Usage: run.sh SECONDS [BUILD_DIR] [TARGET...]
# What is new goes to a folder of its own, never to the committed corpus; findings stay in BUILD_DIR/findings.
set -eu
# The defaults for what is kept back of freed memory and of stacks of allocations are for programs that run long.
options=malloc_context_size=5:quarantine_size_mb=16
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
printf '| target | executions | CPU seconds | edges | findings |\n|---|---:|---:|---:|---:|\n'
for target in "$@"; do
  target=${target##*/}
  grown=$build/corpus/$target
  log=$build/findings/$target.log
  mkdir -p "$grown"
  # Long inputs take their time and find little that short ones do not; the committed ones are replayed whole.
  more=
  case $target in
    # Its frames are coroutines, on the heap: watching the stack costs a quarter of the time for nothing.
    resolver) longest=256 more=:detect_stack_use_after_return=0 ;;
    hosts) longest=512 ;;
    yaml | control) longest=1024 ;;
    *) longest=4096 ;;
  esac
  TIMEFORMAT='cpu: %U'
  { time ASAN_OPTIONS=$options$more "$build/tests/fuzz/fuzz_$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=$longest \
    -print_final_stats=1 -artifact_prefix="$build/findings/$target-" "$grown" "$here/corpus/$target"; } \
    >"$log" 2>&1 || status=1
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  cpu=$(sed -n 's/^cpu: \([0-9]*\).*/\1/p' "$log")
  edges=$(grep -o 'cov: [0-9]*' "$log" | tail -1 | cut -d' ' -f2)
  findings=$(find "$build/findings" -name "$target-*" | wc -l)
  printf '| %s | %s | %s | %s | %s |\n' "$target" "${runs:-none}" "${cpu:-none}" "${edges:-none}" "$findings"
done
exit $status
