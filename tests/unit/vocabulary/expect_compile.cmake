# SPDX-License-Identifier: MIT
# cmake -DCOMMAND=compiler;args -DEXPECT=<empty or regular expression> -P: runs a compiler. With EXPECT empty it must succeed; else
# it must fail, and for the expected reason: a test that accepts any failure would pass on a typing mistake.
execute_process(COMMAND ${COMMAND} RESULT_VARIABLE code OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(EXPECT STREQUAL "")
  if(NOT code EQUAL 0)
    message(FATAL_ERROR "should compile, but:\n${output}")
  endif()
elseif(code EQUAL 0)
  message(FATAL_ERROR "compiles, but must not (expected: ${EXPECT})")
elseif(NOT output MATCHES "${EXPECT}")
  message(FATAL_ERROR "fails for another reason than '${EXPECT}':\n${output}")
endif()
