# The bill of materials (CycloneDX JSON): the libraries that this build links, with their versions.
set(IMGVAL_SBOM_COMPONENTS)
set(IMGVAL_SBOM_REFS)

# component(NAME VERSION LICENSE SOURCE): LICENSE is an SPDX expression. SOURCE is Debian's source package:
# where a library was built from it for this program (.release/windows), its version is named too, with
# what Debian has patched in it.
function(component name version license source)
  set(origin)
  if(DEFINED IMGVAL_SOURCE_${source})
    string(REPLACE "+" "%2B" exact "${IMGVAL_SOURCE_${source}}")
    string(REPLACE ":" "%3A" exact "${exact}")
    set(origin "\"purl\": \"pkg:deb/debian/${source}@${exact}?arch=source\", ")
  endif()
  string(APPEND IMGVAL_SBOM_COMPONENTS "    {\"type\": \"library\", \"bom-ref\": \"${name}\", "
         "\"name\": \"${name}\", \"version\": \"${version}\", ${origin}"
         "\"licenses\": [{\"expression\": \"${license}\"}]},\n")
  string(APPEND IMGVAL_SBOM_REFS "\"${name}\", ")
  set(IMGVAL_SBOM_COMPONENTS "${IMGVAL_SBOM_COMPONENTS}" PARENT_SCOPE)
  set(IMGVAL_SBOM_REFS "${IMGVAL_SBOM_REFS}" PARENT_SCOPE)
endfunction()

if(MINGW) # parts of the compiler's libraries are in the program
  component(gcc "${CMAKE_C_COMPILER_VERSION}" "GPL-3.0-or-later WITH GCC-exception-3.1" gcc-mingw-w64)
endif()
component(libarchive "${LibArchive_VERSION}" BSD-2-Clause libarchive)
component(libxml2 "${LIBXML2_VERSION_STRING}" MIT libxml2)
if(MINGW)
  component(mingw-w64 "${IMGVAL_MINGW_VERSION}" ZPL-2.1 mingw-w64)
endif()
component(openssl "${OPENSSL_VERSION}" Apache-2.0 openssl)
component(pcre2 "${PCRE2_VERSION}" BSD-3-Clause pcre2)
component(sqlite "${SQLite3_VERSION}" blessing sqlite3)
component(zlib "${ZLIB_VERSION}" Zlib zlib)

string(REGEX REPLACE ",\n$" "" IMGVAL_SBOM_COMPONENTS "${IMGVAL_SBOM_COMPONENTS}")
string(REGEX REPLACE ", $" "" IMGVAL_SBOM_REFS "${IMGVAL_SBOM_REFS}")
configure_file(.release/sbom.cdx.json.in ${PROJECT_BINARY_DIR}/imgval.cdx.json @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/imgval.cdx.json DESTINATION ${CMAKE_INSTALL_DOCDIR})
