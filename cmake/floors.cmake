# A floor is one library made of one folder of src/. Its public include root holds only that
# folder, so an include of a floor that is not listed under USES does not compile; and an edge
# sideways or upward stops the configure step here.
#
# The include roots are links, build/floors/<floor>/<floor> -> src/<floor>, shared by all
# build trees of this checkout.
function(quarry_floor name)
  cmake_parse_arguments(F "" "LEVEL" "USES;LIBS" ${ARGN})
  set_property(GLOBAL PROPERTY QUARRY_LEVEL_${name} ${F_LEVEL})
  foreach(used ${F_USES})
    get_property(level GLOBAL PROPERTY QUARRY_LEVEL_${used})
    if(level STREQUAL "" OR NOT level LESS F_LEVEL)
      message(FATAL_ERROR "floor '${name}' (level ${F_LEVEL}) may only use lower floors, not '${used}' (level ${level})")
    endif()
    list(APPEND used_targets quarry_${used})
  endforeach()

  set(root ${CMAKE_SOURCE_DIR}/build/floors/${name})
  file(MAKE_DIRECTORY ${root})
  if(NOT EXISTS ${root}/${name})
    file(CREATE_LINK ../../../src/${name} ${root}/${name} SYMBOLIC)
  endif()

  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.cpp)
  list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")
  if(NOT sources)
    file(WRITE ${CMAKE_BINARY_DIR}/empty_${name}.cpp "")
    set(sources ${CMAKE_BINARY_DIR}/empty_${name}.cpp)
  endif()
  quarry_simd_flags(${sources})
  add_library(quarry_${name} STATIC ${sources})
  target_include_directories(quarry_${name} PUBLIC ${root})
  target_link_libraries(quarry_${name} PUBLIC ${used_targets} ${F_LIBS})
endfunction()

# A file named *_avx2.cpp, *_avx512.cpp or *_shani.cpp is compiled for processors that have these; the code in it is
# reached through a table chosen at run time (core/cpu.hpp).
function(quarry_simd_flags)
  if(NOT CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
    return()
  endif()
  set(avx2 -mavx2 -mbmi -mbmi2)
  # GCC 12 warns of its own intrinsics (PR 105593).
  set(avx512 ${avx2} -mavx512f -mavx512vl -mavx512bw -mavx512dq -mprefer-vector-width=512 -Wno-uninitialized)
  set(shani -msha -msse4.1 -mssse3)
  foreach(source ${ARGN})
    if(source MATCHES "/interpreter_quick\\.cpp$")
      # Words go from one instruction to the next through memory: a vector load of what was stored limb by limb
      # would wait for the stores.
      set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS "$<$<CXX_COMPILER_ID:GNU>:-mgeneral-regs-only>")
    endif()
    if(source MATCHES "_(avx2|avx512|shani)\\.cpp$")
      set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS "${${CMAKE_MATCH_1}}")
    endif()
  endforeach()
endfunction()
