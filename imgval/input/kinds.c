/* The table of the kinds of input: how each is recognised, listed and read. The order of rows is
 * that in which they are asked. A kind is added by a row here, one in model/kinds.c and a file
 * kind_<name>.c. */
#include "imgval/input/kinds.h"

#include "imgval/base/attr.h"
#include "imgval/base/file.h"
#include "imgval/base/text.h"
#include "imgval/input/container.h"

#include <errno.h>
#include <string.h>

/* An archive that was read is the tree that it holds. */
static bool is_directory(const struct iv_probe *probe)
{
    return probe->is_directory || probe->archive != NULL;
}

/* An archive, whatever its name says; but a file that is named like a package is one that was
 * damaged, and a manifest may be gzip-compressed. */
static bool is_container(const struct iv_probe *probe)
{
    return iv_container_of(probe->head, probe->head_size) != NULL &&
           !iv_package_is_file_name(probe->path) && !iv_ascii_isuffix(probe->path, ".mum") &&
           !iv_ascii_isuffix(probe->path, ".dsm.xml");
}

/* It stands for the tree that it holds, of which nothing is known. */
static void list_container(struct iv_lister *lister, const struct iv_probe *probe)
{
    lister->listing.is_container = true;
    iv_lister_fault(lister, IV_FAULT_UNSUPPORTED, iv_arena_strdup(lister->arena, probe->path),
                    iv_arena_printf(lister->arena, "%s: unpack it, and scan what is in it",
                                    iv_container_of(probe->head, probe->head_size)));
}

/* Anything else: what it lacks to be a package is reported when it is read. */
static bool is_package(const struct iv_probe *probe)
{
    (void)probe;
    return true;
}

/* One item, which is the whole submission. */
static void list_package(struct iv_lister *lister, const struct iv_probe *probe)
{
    const char *history = lister->options->update_history;
    lister->listing.is_single_file = true;
    if (history != NULL && strcmp(history, probe->path) == 0) {
        return; /* the history itself, of which the packages are wanted: no package file */
    }
    /* The item gets a descriptor of its own: the probe's is closed by whoever opened it. */
    int fd = iv_file_duplicate(probe->fd);
    if (fd < 0) {
        iv_lister_fault(lister, IV_FAULT_UNREADABLE, probe->path, iv_errno_text(errno));
        return;
    }
    iv_lister_item(lister, IV_ROLE_PACKAGE, iv_arena_strdup(lister->arena, probe->path), NULL, fd);
}

/* The first row that fits counts. */
const struct iv_kind_row iv_kind_rows[] = {
    {
        .kind = IV_KIND_DIRECTORY,
        .is = is_directory,
        .list = iv_directory_list,
    },
    {
        .kind = IV_KIND_FFU,
        .is = iv_ffu_probe,
        .list = iv_ffu_list,
        .read = iv_ffu_read_item,
    },
    {
        .kind = IV_KIND_VHD,
        .is = iv_vhd_probe,
        .list = iv_vhd_list,
        .read = iv_vhd_read_item,
    },
    {
        .kind = IV_KIND_WIM,
        .is = iv_wim_probe,
        .list = iv_wim_list,
        .read = iv_wim_read_item,
    },
    {
        .kind = IV_KIND_DIRECTORY,
        .is = is_container,
        .list = list_container,
    },
    {.kind = IV_KIND_PACKAGE, .is = is_package, .list = list_package},
};
