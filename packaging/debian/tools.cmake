# Read by cpack before it makes the package. Without these programs it would stop with a riddle (file), or make a package
# that depends on nothing, and say so in no more than a line (dpkg-shlibdeps).
if(CPACK_GENERATOR MATCHES "DEB")
  foreach(program file dpkg-shlibdeps dpkg-deb)
    find_program(found_program ${program} NO_CACHE)
    if(NOT found_program)
      message(FATAL_ERROR "The package needs the program ${program}: packaging/install-packages.sh installs it "
                          "(Debian's packages file and dpkg-dev)")
    endif()
    unset(found_program)
  endforeach()
endif()
