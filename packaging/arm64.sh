#!/bin/sh
# Makes the Debian package for arm64 on a Debian 12 of another machine: build/arm64/tacet_*_arm64.deb
# It installs libraries of arm64, and some take the place of this machine's own: use a container or a root made for it.
#
#   packaging/arm64.sh
set -eu

cd "$(CDPATH='' cd "$(dirname "$0")/.." && pwd)"
packaging/install-packages.sh arm64
cmake --preset release --toolchain packaging/arm64.cmake -B build/arm64 -DTACET_TESTS=OFF
cmake --build build/arm64
# dpkg-shlibdeps reads programs of the machine that is named here.
DEB_HOST_ARCH=arm64 cpack --config build/arm64/CPackConfig.cmake -G DEB -B build/arm64
