# How the Debian package is made (CPack); included at the end of CMakeLists.txt. `cpack -G DEB` in a
# build folder writes imgval_VERSION_ARCHITECTURE.deb there.
set(CPACK_GENERATOR DEB)
# The packages for two Debians lie in one folder, and who updates from one to the next gets the other one:
# 0.2.0 is for Debian 12, 0.2.0+deb13 for Debian 13.
set(CPACK_PACKAGE_VERSION ${IMGVAL_VERSION})
cmake_host_system_information(RESULT DISTRIBUTION QUERY DISTRIB_INFO)
if(DISTRIBUTION_ID STREQUAL "debian" AND NOT DISTRIBUTION_VERSION_ID STREQUAL "12")
  string(APPEND CPACK_PACKAGE_VERSION "+deb${DISTRIBUTION_VERSION_ID}")
endif()
set(CPACK_PACKAGE_NAME imgval)
set(CPACK_PACKAGE_VENDOR "The imgval authors")
set(CPACK_PACKAGE_CONTACT "The imgval authors <imgval@example.org>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "offline validator of Windows Phone firmware submissions")
set(CPACK_PACKAGE_DESCRIPTION
"imgval judges a firmware submission before it is submitted: a folder of
SPKG or CBS packages, or an image (FFU, VHD, WIM). It runs the nine standard
validations and WSPC, the comparison with the earlier baselines of the same
phone and operator, which it keeps in one local file.
.
It needs no server and opens no socket. Reports come as text, JSON, SARIF,
JUnit, HTML and more; the exit status never says pass for what was not
checked.")
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION utils)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_IMGVAL_SOURCE ${PROJECT_SOURCE_DIR})
# Manual pages and change log are compressed, times are fixed: what Debian asks for.
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/.release/stage.cmake)
include(CPack)
