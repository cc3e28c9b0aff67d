# Runs in cpack, before anything is packed. The archive has no place of its own in the file system: it is unpacked
# where one likes, and its folder tells the version.
if(CPACK_GENERATOR STREQUAL "TGZ")
  set(CPACK_PACKAGING_INSTALL_PREFIX "")
endif()
# The same sources make the same packages, whenever and wherever.
if(NOT DEFINED ENV{SOURCE_DATE_EPOCH})
  set(ENV{SOURCE_DATE_EPOCH} ${CPACK_PECANCTL_EPOCH})
endif()
