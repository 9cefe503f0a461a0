/*
 * fix_project.c: two small XML documents for the user to build with. The comments in them are
 * literals of ours and go past the escaping; everything that came from the input is an attribute,
 * which markup.c escapes.
 */
#include "imgval/report/show/fix_project.h"

#include "imgval/report/write/markup.h"

/* The XML declaration, in front of the root element. */
static void start(struct iv_markup *markup, FILE *out)
{
    static const char declaration[] = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n";
    iv_markup_init(markup, IV_MARKUP_XML, out);
    iv_markup_own(markup, declaration, sizeof(declaration) - 1);
}

/* An XML comment, for the developer who opens the file. */
static void note(struct iv_markup *markup, const char *text, size_t size)
{
    iv_markup_own(markup, text, size);
}
#define NOTE(markup, text) note((markup), (text), sizeof(text) - 1)

/* A PkgGen project with an empty Components element: the way that the document on WSPC gives to
 * make an empty package. */
void iv_project_write(const struct iv_fix_package *package, FILE *out)
{
    struct iv_markup markup;
    start(&markup, out);
    NOTE(&markup, "<!-- An empty package: it keeps a name in the package set that the firmware no "
                  "longer needs. -->\n");
    if (package->derived) {
        NOTE(&markup, "<!-- Derived: the baseline is known by package names alone, so Owner, "
                      "Component and\n     SubComponent were split from the name, and Partition, "
                      "OwnerType and ReleaseType are the\n     usual ones where it says nothing. "
                      "They compose to the same name; check them. -->\n");
    }
    iv_markup_open(&markup, "Package");
    iv_markup_attribute(&markup, "xmlns", "urn:Microsoft.WindowsPhone/PackageSchema.v8.00");
    iv_markup_attribute(&markup, "Owner", package->owner);
    iv_markup_attribute(&markup, "OwnerType", package->owner_type);
    iv_markup_attribute(&markup, "Component", package->component);
    iv_markup_attribute(&markup, "SubComponent", package->sub_component);
    iv_markup_attribute(&markup, "Partition", package->partition);
    iv_markup_attribute(&markup, "ReleaseType", package->release_type);
    iv_markup_break(&markup);
    iv_markup_open(&markup, "Components");
    iv_markup_close(&markup);
    iv_markup_break(&markup);
    iv_markup_close(&markup);
    iv_markup_break(&markup);
    iv_markup_fini(&markup);
}

/* The name that the build gives the package, by which a feature manifest names it. */
const char *iv_project_package_file(const struct iv_fix_package *package, struct iv_arena *arena)
{
    return iv_arena_printf(arena, "%s.%s", package->name,
                           package->package->style == IV_STYLE_CBS ? "cab" : "spkg");
}

void iv_project_write_manifest(const struct iv_fix *fix, FILE *out)
{
    struct iv_arena scratch IV_CLEANUP(iv_arena_fini);
    iv_arena_init(&scratch);
    struct iv_markup markup;
    start(&markup, out);
    NOTE(&markup, "<!-- Add these lines to BasePackages of the feature manifest that the image is "
                  "built from, and\n     set Path to the folder that the built packages are in. "
                  "-->\n");
    iv_markup_open(&markup, "FeatureManifest");
    iv_markup_attribute(&markup, "xmlns",
                        "http://schemas.microsoft.com/embedded/2004/10/ImageUpdate");
    iv_markup_break(&markup);
    iv_markup_open(&markup, "BasePackages");
    for (size_t i = 0; i < fix->package_count; i++) {
        iv_markup_break(&markup);
        iv_markup_open(&markup, "PackageFile");
        iv_markup_attribute(&markup, "Path", "EmptyPackages");
        iv_markup_attribute(&markup, "Name", iv_project_package_file(&fix->packages[i], &scratch));
        iv_markup_attribute(&markup, "Partition", fix->packages[i].partition);
        iv_markup_close(&markup);
    }
    iv_markup_break(&markup);
    iv_markup_close(&markup);
    iv_markup_break(&markup);
    iv_markup_close(&markup);
    iv_markup_break(&markup);
    iv_markup_fini(&markup);
}
