# Build options and the flags that every target shares.
option(DEFENDER_TESTS "Build the tests" OFF)
option(DEFENDER_FUZZ "Build the fuzz targets (clang)" OFF)
# On in the builds that are there for the tests; the others, as that of the packages, show whether each file includes
# what it uses.
option(DEFENDER_PRECOMPILE "Precompile the headers that most files include" OFF)
option(DEFENDER_COVERAGE "Count coverage" OFF)
set(DEFENDER_SANITIZE "" CACHE STRING "Sanitizers, as for -fsanitize (address,undefined or thread)")
set(DEFENDER_FUZZ_SECONDS 15 CACHE STRING "How long ctest runs each fuzz target")

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
include(CheckPIESupported)
check_pie_supported(LANGUAGES CXX)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()

add_library(defender_flags INTERFACE)
target_include_directories(defender_flags INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(defender_flags INTERFACE
    -Wall -Wextra -Wpedantic -Werror -Wshadow -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual
    -Wnull-dereference -Wimplicit-fallthrough -fno-omit-frame-pointer)
target_compile_definitions(defender_flags INTERFACE DEFENDER_VERSION="${PROJECT_VERSION}")
# Builds for the tests have dozens of large programs, which lld links in a fraction of the time.
if(DEFENDER_TESTS OR DEFENDER_FUZZ)
    include(CheckLinkerFlag)
    check_linker_flag(CXX -fuse-ld=lld DEFENDER_HAS_LLD)
    if(DEFENDER_HAS_LLD)
        target_link_options(defender_flags INTERFACE -fuse-ld=lld)
    endif()
endif()
# GCC takes a tenth longer where it looks for memory to free as soon as it does by itself.
if(DEFENDER_TESTS AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(defender_flags INTERFACE --param=ggc-min-heapsize=1048576)
endif()
# Every build that optimises is hardened: _FORTIFY_SOURCE needs an optimiser, and the sanitizers have checks of their own.
# Programs are position-independent (PIE) in every build.
include(cmake/Hardening.cmake)
if(NOT CMAKE_BUILD_TYPE STREQUAL "Debug" AND NOT DEFENDER_SANITIZE)
    target_link_libraries(defender_flags INTERFACE defender_hardening)
endif()
if(DEFENDER_SANITIZE)
    target_compile_options(defender_flags INTERFACE -fsanitize=${DEFENDER_SANITIZE} -fno-sanitize-recover=all)
    target_link_options(defender_flags INTERFACE -fsanitize=${DEFENDER_SANITIZE})
endif()
if(DEFENDER_COVERAGE)
    target_compile_options(defender_flags INTERFACE --coverage)
    target_link_options(defender_flags INTERFACE --coverage)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # GCC 12 reports these inside the standard library at -O2; clang and the sanitizers watch the same ground.
    target_compile_options(defender_flags INTERFACE -Wno-null-dereference -Wno-restrict)
    if(DEFENDER_SANITIZE)
        target_compile_options(defender_flags INTERFACE -Wno-maybe-uninitialized)
    endif()
endif()
