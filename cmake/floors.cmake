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
  add_library(quarry_${name} STATIC ${sources})
  target_include_directories(quarry_${name} PUBLIC ${root})
  target_link_libraries(quarry_${name} PUBLIC ${used_targets} ${F_LIBS})
endfunction()
