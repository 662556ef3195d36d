# quarry_embed(TARGET SYMBOL FILE): compiles the text of FILE into TARGET as
#   namespace quarry { extern const std::string_view SYMBOL; }
# so that the binary needs no files of its own at run time. Run as a script (cmake -P), it writes the source.
if(CMAKE_SCRIPT_MODE_FILE)
  file(READ "${INPUT}" text)
  # A compiler may bound one literal's length: adjacent literals of at most 8,000 characters are joined by it.
  set(literals "")
  string(LENGTH "${text}" length)
  set(at 0)
  while(at LESS length)
    string(SUBSTRING "${text}" ${at} 8000 piece)
    string(APPEND literals "    R\"quarry(${piece})quarry\"\n")
    math(EXPR at "${at} + 8000")
  endwhile()
  file(WRITE "${OUTPUT}" "#include <string_view>\nnamespace quarry {\nextern const std::string_view ${SYMBOL};\n"
       "const std::string_view ${SYMBOL} =\n${literals}    ;\n}  // namespace quarry\n")
  return()
endif()

set(QUARRY_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_FILE})
function(quarry_embed target symbol file)
  set(output ${CMAKE_BINARY_DIR}/embedded/${symbol}.cpp)
  add_custom_command(OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DINPUT=${file} -DOUTPUT=${output} -DSYMBOL=${symbol} -P ${QUARRY_EMBED_SCRIPT}
    DEPENDS ${file} ${QUARRY_EMBED_SCRIPT} VERBATIM)
  target_sources(${target} PRIVATE ${output})
endfunction()
