/*
 * The XML of a package: man.dsm.xml, dman.ddsm.xml, update.mum, deployment and component manifests.
 */
#ifndef FX_MANIFEST_WRITE_H
#define FX_MANIFEST_WRITE_H

#include "package_write.h"

/* The name of the package, composed as the formats prescribe; lives in the package's arena. */
char *fx_manifest_package_name(const struct fx_package *package);

/* Appends the package's manifest as UTF-8. */
void fx_manifest_write(const struct fx_package *package, struct fx_buf *out);

/* Appends the manifest of a difference package (dman.ddsm.xml). */
void fx_manifest_write_diff(const struct fx_package *package, struct fx_buf *out);

/* Appends the deployment manifest of a CBS package. */
void fx_manifest_write_deployment(const struct fx_package *package, struct fx_buf *out);

/* Appends a component manifest that names the payload beneath c\ by its SHA-256; with `stale`, the
 * first file by another one. */
void fx_manifest_write_component(const struct fx_package *package, bool stale, struct fx_buf *out);

/* Appends a component manifest that holds the values of registry text ([key], "name"="value"). */
void fx_manifest_write_registry(const char *text, size_t n, struct fx_buf *out);

#endif
