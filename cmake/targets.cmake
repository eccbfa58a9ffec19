# SPDX-License-Identifier: GPL-2.0-or-later
# How a target of this project is made: one function a kind, so that warnings, sanitizers and
# test registration are said once.

add_library(isb_options INTERFACE)
target_include_directories(isb_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(isb_options INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow $<$<BOOL:${ISB_WERROR}>:-Werror>)
if(ISB_SANITIZE)
  target_compile_options(isb_options INTERFACE -fsanitize=${ISB_SANITIZE} -fno-sanitize-recover=all
                                               -fno-omit-frame-pointer)
  target_link_options(isb_options INTERFACE -fsanitize=${ISB_SANITIZE})
endif()
if(ISB_FUZZ)
  target_compile_options(isb_options INTERFACE -fsanitize=fuzzer-no-link,address,undefined)
  target_link_options(isb_options INTERFACE -fsanitize=address,undefined)
endif()

# isb_add_library(NAME SOURCES... LINK targets...): static library isb_NAME, alias isb::NAME.
function(isb_add_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  add_library(isb_${name} STATIC ${ARG_SOURCES})
  add_library(isb::${name} ALIAS isb_${name})
  target_link_libraries(isb_${name} PUBLIC ${ARG_LINK} PRIVATE isb_options)
  target_include_directories(isb_${name} PUBLIC ${PROJECT_SOURCE_DIR})
endfunction()

# isb_add_test(NAME LABEL label SOURCES... LINK targets...): GoogleTest binary, one ctest entry.
function(isb_add_test name)
  cmake_parse_arguments(ARG "" "LABEL" "SOURCES;LINK" ${ARGN})
  find_package(GTest REQUIRED)
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LINK} isb_options GTest::gmock GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE ISB_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
                                             ISB_BINARY_DIR="${PROJECT_BINARY_DIR}")
  add_test(NAME ${name} COMMAND ${name}
           --gtest_output=json:${PROJECT_BINARY_DIR}/test-results/${name}.json)
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABEL}" TIMEOUT 1200)
endfunction()

# isb_add_fuzz(NAME SOURCE file LINK targets...): LLVMFuzzerTestOneInput in file. With ISB_FUZZ it
# becomes a libFuzzer program; otherwise its corpus tests/fuzz/corpus/NAME is replayed as a test.
function(isb_add_fuzz name)
  cmake_parse_arguments(ARG "" "SOURCE" "LINK" ${ARGN})
  set(corpus ${PROJECT_SOURCE_DIR}/tests/fuzz/corpus/${name})
  if(ISB_FUZZ)
    add_executable(fuzz-${name} ${ARG_SOURCE})
    target_link_options(fuzz-${name} PRIVATE -fsanitize=fuzzer)
    target_link_libraries(fuzz-${name} PRIVATE ${ARG_LINK} isb_options)
  else()
    add_executable(fuzz-${name} ${ARG_SOURCE} ${PROJECT_SOURCE_DIR}/tests/fuzz/replay-main.cc)
    target_link_libraries(fuzz-${name} PRIVATE ${ARG_LINK} isb_options)
    add_test(NAME fuzz-${name} COMMAND fuzz-${name} ${corpus})
    set_tests_properties(fuzz-${name} PROPERTIES LABELS unit TIMEOUT 600)
  endif()
endfunction()

# isb_add_bench(NAME SOURCES... LINK targets...): google-benchmark binary, run by hand.
function(isb_add_bench name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  find_package(benchmark REQUIRED)
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LINK} isb_options benchmark::benchmark_main)
endfunction()
