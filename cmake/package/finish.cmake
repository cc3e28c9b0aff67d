# Runs in cpack after each package was made.
set(package ${CPACK_PACKAGE_FILES})
if(CPACK_GENERATOR STREQUAL "TGZ")
  # Once more, in an order and of an owner that do not depend on the build's machine.
  get_filename_component(parent ${CPACK_TEMPORARY_DIRECTORY} DIRECTORY)
  execute_process(
    COMMAND tar --create --format=ustar --sort=name --owner=root:0 --group=root:0 --directory=${parent}
      --mtime=@$ENV{SOURCE_DATE_EPOCH} ${CPACK_PACKAGE_FILE_NAME}
    COMMAND gzip -9n OUTPUT_FILE ${package} COMMAND_ERROR_IS_FATAL ANY)
endif()

# SHA256SUMS names all packages, each once.
get_filename_component(name ${package} NAME)
set(sums ${CPACK_PACKAGE_DIRECTORY}/SHA256SUMS)
set(lines "")
if(EXISTS ${sums})
  file(STRINGS ${sums} lines)
  list(FILTER lines EXCLUDE REGEX "  ${name}$")
endif()
file(SHA256 ${package} sum)
list(APPEND lines "${sum}  ${name}")
list(SORT lines)
list(JOIN lines "\n" text)
file(WRITE ${sums} "${text}\n")
