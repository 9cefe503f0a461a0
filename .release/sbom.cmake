# The bill of materials (CycloneDX JSON): the libraries that this build links, with their versions.
set(IMGVAL_SBOM_COMPONENTS)
set(IMGVAL_SBOM_REFS)

# component(NAME VERSION LICENSE): LICENSE is an SPDX identifier
function(component name version license)
  string(APPEND IMGVAL_SBOM_COMPONENTS "    {\"type\": \"library\", \"bom-ref\": \"${name}\", "
         "\"name\": \"${name}\", \"version\": \"${version}\", "
         "\"licenses\": [{\"license\": {\"id\": \"${license}\"}}]},\n")
  string(APPEND IMGVAL_SBOM_REFS "\"${name}\", ")
  set(IMGVAL_SBOM_COMPONENTS "${IMGVAL_SBOM_COMPONENTS}" PARENT_SCOPE)
  set(IMGVAL_SBOM_REFS "${IMGVAL_SBOM_REFS}" PARENT_SCOPE)
endfunction()

component(libarchive "${LibArchive_VERSION}" BSD-2-Clause)
component(libxml2 "${LIBXML2_VERSION_STRING}" MIT)
component(openssl "${OPENSSL_VERSION}" Apache-2.0)
component(pcre2 "${PCRE2_VERSION}" BSD-3-Clause)
component(sqlite "${SQLite3_VERSION}" blessing)
component(zlib "${ZLIB_VERSION}" Zlib)

string(REGEX REPLACE ",\n$" "" IMGVAL_SBOM_COMPONENTS "${IMGVAL_SBOM_COMPONENTS}")
string(REGEX REPLACE ", $" "" IMGVAL_SBOM_REFS "${IMGVAL_SBOM_REFS}")
configure_file(.release/sbom.cdx.json.in ${PROJECT_BINARY_DIR}/imgval.cdx.json @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/imgval.cdx.json DESTINATION ${CMAKE_INSTALL_DOCDIR})
