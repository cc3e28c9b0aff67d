# Runs in cpack on the staged files, before they are packed: what the build's machine has left on them goes.
set(stage ${CPACK_TEMPORARY_DIRECTORY})
file(GLOB_RECURSE programs ${stage}/*/lib/pecanctl/* ${stage}/lib/pecanctl/*)
execute_process(COMMAND strip ${programs} COMMAND_ERROR_IS_FATAL ANY)
if(CPACK_GENERATOR STREQUAL "DEB")
  file(RENAME ${stage}/usr/etc ${stage}/etc)  # DESTINATION cannot leave the prefix
else()
  file(REMOVE_RECURSE ${stage}/share/lintian)
endif()
execute_process(COMMAND chmod -R u+rwX,go=rX ${stage} COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND find ${stage} -exec touch -h -d @$ENV{SOURCE_DATE_EPOCH} {} +
  COMMAND_ERROR_IS_FATAL ANY)
