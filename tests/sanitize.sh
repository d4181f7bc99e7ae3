#!/bin/sh
# Builds with a sanitizer and runs every test that can say something there: unit, fuzz corpora, integration, conformance
# and the short fault matrix, but not what only measures. Under ThreadSanitizer every daemon has three workers unless its
# test says how many.
#
#   tests/sanitize.sh asan|tsan [OPTION OF CTEST...]      tests/sanitize.sh tsan -R integration.exposure
set -eu
case ${1-} in
  asan | tsan) preset=$1 ;;
  *) echo "usage: tests/sanitize.sh asan|tsan [OPTION OF CTEST...]" >&2 && exit 2 ;;
esac
shift
cd "$(dirname "$0")/.."
cmake --preset "$preset" -DTACET_TESTS=ON
cmake --build --preset "$preset"
exec ctest --preset "$preset" --no-tests=error --label-exclude '^(long|performance|soak)$' "$@"
