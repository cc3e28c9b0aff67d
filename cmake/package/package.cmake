# What is installed beside the programs, and the packages: `cmake --workflow --preset package`.
find_program(PECANCTL_GZIP gzip REQUIRED)
set(package ${CMAKE_CURRENT_LIST_DIR})
set(PECANCTL_ZSH_FUNCTIONS ${CMAKE_INSTALL_DATADIR}/zsh/site-functions CACHE STRING
  "Where zsh looks for completion functions; Debian's own packages have vendor-completions")

# pecanctl_compress(<file> <name>): a copy without date and name, as manual pages and changelogs are installed.
function(pecanctl_compress file name)
  set(output ${CMAKE_CURRENT_BINARY_DIR}/compressed/${name}.gz)
  add_custom_command(OUTPUT ${output} COMMAND ${PECANCTL_GZIP} -9nc ${file} > ${output} DEPENDS ${file} VERBATIM
    COMMENT "Compress ${name}")
  set_property(DIRECTORY APPEND PROPERTY PECANCTL_COMPRESSED ${output})
endfunction()

file(MAKE_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/compressed)
file(GLOB pages CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/man/*.[15])
foreach(page IN LISTS pages)
  get_filename_component(name ${page} NAME)
  pecanctl_compress(${page} ${name})
  string(REGEX REPLACE ".*[.]" "" section ${name})
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/compressed/${name}.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
endforeach()
# Debian's changelog tells of packages, ours of what users notice.
execute_process(COMMAND date --utc --rfc-email --date=${PECANCTL_DATE} COMMAND_ERROR_IS_FATAL ANY
  OUTPUT_VARIABLE PECANCTL_LONG_DATE OUTPUT_STRIP_TRAILING_WHITESPACE)
configure_file(${package}/debian/changelog.in ${CMAKE_CURRENT_BINARY_DIR}/changelog @ONLY)
pecanctl_compress(${CMAKE_CURRENT_BINARY_DIR}/changelog changelog)
pecanctl_compress(${PROJECT_SOURCE_DIR}/CHANGELOG.md CHANGELOG.md)
get_directory_property(compressed PECANCTL_COMPRESSED)
add_custom_target(compressed ALL DEPENDS ${compressed})

set(completions ${PROJECT_SOURCE_DIR}/completions)
install(FILES ${completions}/pecanctl.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
  RENAME pecanctl)
install(FILES ${completions}/pecanctl.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
install(FILES ${completions}/_pecanctl DESTINATION ${PECANCTL_ZSH_FUNCTIONS})
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/compressed/changelog.gz
  ${CMAKE_CURRENT_BINARY_DIR}/compressed/CHANGELOG.md.gz ${package}/debian/copyright
  DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/pecanctl)

install(FILES ${package}/systemd/pecanctl-sync@.service ${package}/systemd/pecanctl-sync@.timer
  ${package}/systemd/pecanctl-agent@.service DESTINATION lib/systemd/system)
install(FILES ${package}/systemd/sysusers.conf DESTINATION lib/sysusers.d RENAME pecanctl.conf)
install(FILES ${package}/systemd/tmpfiles.conf DESTINATION lib/tmpfiles.d RENAME pecanctl.conf)
install(FILES ${package}/config.yml DESTINATION etc/pecanctl)
install(FILES ${package}/debian/lintian-overrides DESTINATION ${CMAKE_INSTALL_DATADIR}/lintian/overrides
  RENAME pecanctl)

set(CPACK_PACKAGE_NAME pecanctl)
set(CPACK_PACKAGE_VENDOR "the pecanctl authors")
set(CPACK_PACKAGE_CONTACT "the pecanctl authors <pecanctl@pecanproject.org>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "run and look after PEcAn instances")
set(CPACK_PACKAGE_DESCRIPTION
"pecanctl takes a machine with Docker to a running instance of PEcAn, the
Predictive Ecosystem Analyzer, runs model jobs on as many workers as are
needed, and removes all of it again without touching anything else.
.
The package has the command, its manual, completion for bash, fish and zsh,
and pecan-worker, which runs the jobs inside model containers.")
set(CPACK_GENERATOR DEB TGZ)
set(CPACK_PACKAGE_FILE_NAME pecanctl-${PROJECT_VERSION}-linux-${CMAKE_SYSTEM_PROCESSOR})
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_PROJECT_CONFIG_FILE ${package}/config.cmake)
set(CPACK_PRE_BUILD_SCRIPTS ${package}/stage.cmake)
set(CPACK_POST_BUILD_SCRIPTS ${package}/finish.cmake)
set(CPACK_VERBATIM_VARIABLES ON)
execute_process(COMMAND date --utc --date=${PECANCTL_DATE} +%s
  OUTPUT_VARIABLE CPACK_PECANCTL_EPOCH OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)

set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_HOMEPAGE https://pecanproject.github.io)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS adduser)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "docker.io | docker-ce, debootstrap")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  ${package}/debian/postinst ${package}/debian/postrm ${package}/debian/conffiles)
include(CPack)
