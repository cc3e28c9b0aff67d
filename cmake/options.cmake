# What every target of ours is compiled with. Nothing is set globally: link `pecanctl_options` PRIVATE.
option(PECANCTL_BUILD_TESTS "Build the tests" OFF)
option(PECANCTL_UNIT_TESTS "The unit tests among them" ON)
option(PECANCTL_WERROR "Treat warnings as errors" ON)
option(PECANCTL_FAILPOINTS "Compile the crash points that tests select (never in a release)" OFF)
set(PECANCTL_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize takes them")

add_library(pecanctl_options INTERFACE)
target_compile_features(pecanctl_options INTERFACE cxx_std_20)
target_include_directories(pecanctl_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(pecanctl_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast -Wnon-virtual-dtor
  -Woverloaded-virtual -Wformat=2 -Wdouble-promotion -Wcast-align
  $<$<CXX_COMPILER_ID:GNU>:-Wlogical-op -Wduplicated-cond -Wduplicated-branches -Wuseless-cast -Wno-restrict
      -Wno-subobject-linkage>  # takes the sources of a unity build for headers
  $<$<BOOL:${PECANCTL_WERROR}>:-Werror>
  -fstack-protector-strong -fstack-clash-protection -fcf-protection)
# Where it was built is nobody's business: the same sources make the same program everywhere.
target_compile_options(pecanctl_options INTERFACE $<$<CONFIG:Release>:-ffile-prefix-map=${PROJECT_SOURCE_DIR}=.>)
target_compile_definitions(pecanctl_options INTERFACE _GLIBCXX_ASSERTIONS)
# Source fortification needs optimisation, and the sanitizers replace it.
if(PECANCTL_SANITIZE)
  target_compile_options(pecanctl_options INTERFACE -fsanitize=${PECANCTL_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(pecanctl_options INTERFACE -fsanitize=${PECANCTL_SANITIZE})
else()
  target_compile_definitions(pecanctl_options INTERFACE $<$<CONFIG:Release,RelWithDebInfo>:_FORTIFY_SOURCE=2>)
endif()
target_link_options(pecanctl_options INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack,--as-needed)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

find_program(PECANCTL_CCACHE ccache)
if(PECANCTL_CCACHE)
  # Names below our folder count as relative: the build for tests and the release share what they compile alike.
  set(CMAKE_CXX_COMPILER_LAUNCHER env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} ${PECANCTL_CCACHE})
endif()
