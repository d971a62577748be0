# What the compiler and the linker can do against an error in memory that is already there: the flags of Debian's
# hardening=+all, and those that GCC 12 has beyond. tests/release looks for each in a program built with them.
include(CheckCXXCompilerFlag)

add_library(defender_hardening INTERFACE)
# Undefined first: Debian's own flags set level 2, and a second definition would be a warning.
target_compile_options(defender_hardening INTERFACE
    -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection
    -Wformat -Werror=format-security)
target_link_options(defender_hardening INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack)
# Indirect calls and returns that the processor checks: x86 alone has it.
check_cxx_compiler_flag(-fcf-protection=full DEFENDER_HAS_CF_PROTECTION)
if(DEFENDER_HAS_CF_PROTECTION)
    target_compile_options(defender_hardening INTERFACE -fcf-protection=full)
endif()
