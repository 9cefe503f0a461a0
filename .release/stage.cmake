# Run by CPack on the staged files of the package, before they are packed.
set(stage ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/usr)
set(doc ${stage}/share/doc/imgval)

# The change log of a package whose source is its own, made from the newest heading of CHANGELOG.md.
if(DEFINED ENV{SOURCE_DATE_EPOCH})
  set(epoch $ENV{SOURCE_DATE_EPOCH})
else()
  string(TIMESTAMP epoch "%s" UTC)
endif()
execute_process(COMMAND env LC_ALL=C date -u -R -d @${epoch} OUTPUT_VARIABLE date
                OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
file(WRITE ${doc}/changelog.Debian
"imgval (${CPACK_PACKAGE_VERSION}) unstable; urgency=medium

  * Release ${CPACK_PACKAGE_VERSION}; see changelog.gz for what is new.

 -- ${CPACK_PACKAGE_CONTACT}  ${date}
")
file(RENAME ${doc}/CHANGELOG.md ${doc}/changelog)
file(REMOVE ${doc}/LICENSE)
file(COPY_FILE ${CPACK_IMGVAL_SOURCE}/.release/copyright ${doc}/copyright)

file(CHMOD ${doc}/copyright ${doc}/changelog.Debian
     PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)

file(GLOB_RECURSE pages ${stage}/share/man/*.[1-9])
execute_process(COMMAND gzip -9n ${pages} ${doc}/changelog ${doc}/changelog.Debian
                COMMAND_ERROR_IS_FATAL ANY)

# CPack packs the files with the times that they have.
execute_process(COMMAND find ${CPACK_TEMPORARY_INSTALL_DIRECTORY} -depth
                        -exec touch --no-dereference --date=@${epoch} {} +
                COMMAND_ERROR_IS_FATAL ANY)
