/*
 * fix_project.h: the files that imgval fix writes: PkgGen projects of empty packages, and the
 * feature manifest that names them (the WSPC document, "Creating empty packages").
 */
#ifndef IMGVAL_REPORT_SHOW_FIX_PROJECT_H
#define IMGVAL_REPORT_SHOW_FIX_PROJECT_H

#include "imgval/model/fix.h"

#include <stdio.h>

#define IV_FIX_MANIFEST_NAME "EmptyPackages.FeatureManifest.xml"

/* Write errors are found by the caller through ferror(). */

/* NAME.pkg.xml: a package without components. */
void iv_project_write(const struct iv_fix_package *package, FILE *out);

/* A feature manifest whose lines are to be added to the one that the image is built from. */
void iv_project_write_manifest(const struct iv_fix *fix, FILE *out);

/* The package file that a project builds: NAME.spkg, for CBS baselines NAME.cab. */
const char *iv_project_package_file(const struct iv_fix_package *package, struct iv_arena *arena);

#endif
