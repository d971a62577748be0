# defender_precompile(target headers...): the standard library's headers that most files include, and these.
function(defender_precompile target)
    if(DEFENDER_PRECOMPILE)
        target_precompile_headers(${target} PRIVATE <algorithm> <chrono> <cstdint> <functional> <map> <memory>
            <optional> <string> <string_view> <utility> <variant> <vector> ${ARGN})
    endif()
endfunction()

# defender_room(name DEPENDS rooms... LIBRARIES libs...): the static library of one room, common/<name>.
function(defender_room name)
    cmake_parse_arguments(ROOM "" "" "DEPENDS;LIBRARIES" ${ARGN})
    file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cpp)
    list(TRANSFORM ROOM_DEPENDS PREPEND defender_)
    if(sources)
        add_library(defender_${name} STATIC ${sources})
        target_link_libraries(defender_${name} PUBLIC defender_flags ${ROOM_DEPENDS} ${ROOM_LIBRARIES})
        defender_precompile(defender_${name})
        if(DEFENDER_FUZZ)
            target_compile_options(defender_${name} PRIVATE -fsanitize=fuzzer-no-link)
        endif()
    else()
        add_library(defender_${name} INTERFACE)
        target_link_libraries(defender_${name} INTERFACE defender_flags ${ROOM_DEPENDS} ${ROOM_LIBRARIES})
    endif()
endfunction()

# The tests that need a PostgreSQL server: run as one test, as each program starts a server of its own.
set(DEFENDER_POSTGRESQL_TESTS "*Postgresql*:JournalTransferTest.*:RecordMoverTest.*:StoresTest.*:*OnBoth.*")

# What takes minutes begins first, so that nothing runs alone at the end: tests of a higher cost go before others.
set(DEFENDER_COST_OF_SUITE 100)
set(DEFENDER_COST_OF_PACKAGES 1000)

# defender_unit_tests(name folder [POSTGRESQL] [FEW_THREADS] libraries...): one GoogleTest program for the tests in `folder`.
# Those that need a server stand out by their names where POSTGRESQL says that there are such. Of a room with FEW_THREADS,
# ThreadSanitizer is shown the files with tests of several threads; in the others it has nothing to look at.
function(defender_unit_tests name folder)
    cmake_parse_arguments(PARSE_ARGV 2 UNIT "POSTGRESQL;FEW_THREADS" "" "")
    file(GLOB sources CONFIGURE_DEPENDS ${folder}/*_test.cpp)
    if(UNIT_FEW_THREADS AND DEFENDER_SANITIZE STREQUAL "thread")
        foreach(source ${sources})
            file(STRINGS ${source} threads REGEX "std::(thread|async|promise|atomic|mutex)")
            if(NOT threads)
                list(REMOVE_ITEM sources ${source})
            endif()
        endforeach()
    endif()
    if(NOT sources)
        return()
    endif()
    add_executable(${name} ${sources})
    target_link_libraries(${name} PRIVATE ${UNIT_UNPARSED_ARGUMENTS} defender_test_support GTest::gmock GTest::gtest_main)
    target_precompile_headers(${name} PRIVATE <gmock/gmock.h> <gtest/gtest.h>)
    target_compile_definitions(${name} PRIVATE DEFENDER_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
    set(filter "*")
    if(UNIT_POSTGRESQL)
        set(filter "-${DEFENDER_POSTGRESQL_TESTS}")
        add_test(NAME ${DEFENDER_TEST_PREFIX}${name}.postgresql
            COMMAND ${name} --gtest_filter=${DEFENDER_POSTGRESQL_TESTS})
        set_tests_properties(${DEFENDER_TEST_PREFIX}${name}.postgresql PROPERTIES
            TIMEOUT 900 COST ${DEFENDER_COST_OF_SUITE})
    endif()
    gtest_discover_tests(${name} TEST_PREFIX "${DEFENDER_TEST_PREFIX}" DISCOVERY_TIMEOUT 120
        TEST_FILTER "${filter}" PROPERTIES TIMEOUT 300)
endfunction()
