# blst: arithmetic on BLS12-381. Debian has no package of it; its C and assembly sources are part of npm's
# c-kzg package, which is pinned here by version and by the registry's own integrity hash. The archive is
# fetched once a user, not once a build tree, and never when it is there already.
enable_language(ASM)

set(QUARRY_BLST_NAME c-kzg-4.1.0.tgz)
set(QUARRY_BLST_SHA512 "7a588e041d862a84f9364e0bc0de35f0ef2459f5c2c1ea478f791deb3d332abcc87496ebcb463c2033d8cc4e43c70fdfb37f3a3c63bacd046acbc2d256d479b5")
set(QUARRY_NPM_REGISTRY "https://registry.npmjs.org" CACHE STRING "Where npm packages are fetched from")

if(DEFINED ENV{XDG_CACHE_HOME} AND NOT "$ENV{XDG_CACHE_HOME}" STREQUAL "")
  set(cache "$ENV{XDG_CACHE_HOME}/quarry")
elseif(DEFINED ENV{HOME})
  set(cache "$ENV{HOME}/.cache/quarry")
else()
  set(cache "${CMAKE_BINARY_DIR}/cache")
endif()
set(archive "${cache}/${QUARRY_BLST_NAME}")

# quarry_file_is(FILE SHA512 RESULT): whether FILE is there and is what it should be.
function(quarry_file_is file sha512 result)
  set(${result} FALSE PARENT_SCOPE)
  if(EXISTS "${file}")
    file(SHA512 "${file}" found)
    if(found STREQUAL sha512)
      set(${result} TRUE PARENT_SCOPE)
    endif()
  endif()
endfunction()

quarry_file_is("${archive}" ${QUARRY_BLST_SHA512} there)
if(NOT there)
  set(url "${QUARRY_NPM_REGISTRY}/c-kzg/-/${QUARRY_BLST_NAME}")
  message(STATUS "Fetching ${url}")
  # Beside its place and renamed: several build trees may be at it.
  string(RANDOM LENGTH 8 suffix)
  file(DOWNLOAD "${url}" "${archive}.${suffix}" STATUS status TIMEOUT 120)
  quarry_file_is("${archive}.${suffix}" ${QUARRY_BLST_SHA512} good)
  if(NOT good)
    file(REMOVE "${archive}.${suffix}")
    message(FATAL_ERROR "Could not fetch ${url}\n  (${status}), or what came is not the pinned file.\n"
            "Without a network: fetch it elsewhere ('npm pack c-kzg@4.1.0') and put it at\n  ${archive}\n"
            "Its SHA-512 must be\n  ${QUARRY_BLST_SHA512}")
  endif()
  file(RENAME "${archive}.${suffix}" "${archive}")
endif()

set(root "${CMAKE_BINARY_DIR}/blst/${QUARRY_BLST_NAME}")
set(blst "${root}/package/deps/blst")
if(NOT EXISTS "${blst}/bindings/blst.h")
  file(ARCHIVE_EXTRACT INPUT "${archive}" DESTINATION "${root}" PATTERNS "package/deps/blst/*")
endif()

# __BLST_PORTABLE__: what the processor has is asked at run time, so the binary runs without ADX too. Other
# processors than these two get blst's plain C.
add_library(quarry_blst STATIC "${blst}/src/server.c")
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|aarch64|arm64)$")
  target_sources(quarry_blst PRIVATE "${blst}/build/assembly.S")
  target_compile_definitions(quarry_blst PRIVATE __BLST_PORTABLE__)
else()
  target_compile_definitions(quarry_blst PRIVATE __BLST_NO_ASM__)
endif()
target_include_directories(quarry_blst SYSTEM PUBLIC "${blst}/bindings")
# Not our code to warn of; it is built alike in every tree, and quickly enough to be fuzzed through.
target_compile_options(quarry_blst PRIVATE -w -O2 -fno-builtin -fno-sanitize=all)
