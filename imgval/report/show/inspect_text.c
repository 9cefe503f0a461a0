/*
 * What inspect shows of a package, an image or a tree, for people. One package is shown in full, a
 * tree as a table with a line for each package; then the image with its stores and partitions, the
 * device values, the side files and the faults. Names come from the input and are escaped.
 */
#include "imgval/report/show/inspect.h"

#include "imgval/model/kinds.h"
#include "imgval/report/show/view.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* "  label       value", nothing for a value that is not said. */
static void add_row(const struct iv_view *view, const char *label, const char *value)
{
    if (value != NULL) {
        iv_buf_printf(view->buf, "  %-16s ", label);
        iv_view_text(view, value);
        iv_buf_putc(view->buf, '\n');
    }
}

/* A flag is shown where it is set. */
static void add_flag(const struct iv_view *view, const char *label, bool value)
{
    if (value) {
        iv_buf_printf(view->buf, "  %-16s yes\n", label);
    }
}

/* With the mark of all that is wrong, "!". */
static void add_fault(const struct iv_view *view, const struct iv_fault *fault)
{
    iv_buf_puts(view->buf, "  ! ");
    iv_view_text(view, fault->path == NULL ? "" : fault->path);
    if (fault->member != NULL) {
        iv_buf_putc(view->buf, ':');
        iv_view_text(view, fault->member);
    }
    if (fault->line > 0) {
        iv_buf_printf(view->buf, ":%" PRIu64, fault->line);
    }
    iv_buf_printf(view->buf, ": %s: ", iv_fault_names[fault->kind]);
    iv_view_text(view, fault->detail);
    iv_buf_putc(view->buf, '\n');
}

/* A size that the manifest does not say is "-"; 0 is a size. */
static void add_files(const struct iv_view *view, const struct iv_package *package)
{
    for (size_t i = 0; i < package->files_count; i++) {
        const struct iv_package_file *file = &package->files[i];
        if (file->has_size) {
            iv_buf_printf(view->buf, "  %12" PRIu64 "  ", file->size);
        } else {
            iv_buf_puts(view->buf, "             -  ");
        }
        iv_view_text(view, file->path == NULL ? "" : file->path);
        if (file->type != NULL) {
            iv_buf_puts(view->buf, "  (");
            iv_view_text(view, file->type);
            iv_buf_putc(view->buf, ')');
        }
        iv_buf_putc(view->buf, '\n');
    }
}

/* What is known of who signed a catalog. */
static void add_signer(const struct iv_view *view, const struct iv_seal *seal)
{
    struct iv_buf chain IV_CLEANUP(iv_buf_fini) = {0};
    for (size_t i = 0; i < seal->chain_count; i++) {
        iv_buf_printf(&chain, "%s%s", i == 0 ? "" : ", issued by ", seal->chain[i]);
    }
    add_row(view, "signature", iv_signature_names[seal->signature]);
    add_row(view, "signer", seal->signer);
    add_row(view, "organization", seal->organization);
    add_row(view, "digest", seal->digest);
    add_row(view, "chain", chain.size == 0 ? NULL : iv_buf_text(&chain));
    add_row(view, "ends in", seal->root_name);
    add_row(view, "root", seal->root == IV_ROOT_NONE ? NULL : iv_root_names[seal->root]);
    add_row(view, "time stamp", seal->stamp);
    add_row(view, "stamped by", seal->stamp_signer);
    add_row(view, "weak", seal->weak);
}

/* What --verify found out: the catalog, who signed it, what is wrong, and the digest of each
 * file. */
static void add_seal(const struct iv_view *view, const struct iv_seal *seal)
{
    add_row(view, "content", iv_content_names[seal->content]);
    if (seal->version > 0) {
        iv_buf_printf(view->buf,
                      "  %-16s version %" PRIu64 "; %" PRIu64 " of %" PRIu64 " files covered\n",
                      "catalog", seal->version, seal->covered, seal->file_count);
    }
    add_signer(view, seal);
    for (size_t i = 0; i < seal->flaw_count; i++) {
        iv_buf_puts(view->buf, "  ! ");
        iv_view_text(view, seal->flaws[i].detail);
        iv_buf_putc(view->buf, '\n');
    }
    for (size_t i = 0; i < seal->sealed_count; i++) {
        const struct iv_sealed_file *file = &seal->files[i];
        iv_buf_printf(view->buf, "  %-12s %-64s  ", iv_sealed_state_names[file->state],
                      file->digest == NULL ? "-" : file->digest);
        iv_view_text(view, file->path);
        iv_buf_putc(view->buf, '\n');
    }
}

/* All that is known of one package; what it does not say is left out. */
static void add_package_in_full(const struct iv_view *view, const struct iv_package *package,
                                bool files)
{
    iv_view_text(view, package->path);
    iv_buf_putc(view->buf, '\n');
    add_row(view, "name", package->name);
    add_row(view, "key", package->key);
    add_row(view, "style", iv_style_names[package->style]);
    add_row(view, "version", package->version);
    add_row(view, "partition", iv_package_partition(package));
    add_row(view, "owner", package->owner);
    add_row(view, "component", package->component);
    add_row(view, "sub-component", package->sub_component);
    add_row(view, "culture", package->culture);
    add_row(view, "resolution", package->resolution);
    add_row(view, "identity", package->identity_name);
    add_row(view, "identifier", package->identifier);
    add_row(view, "owner type", package->owner_type);
    add_row(view, "release type", package->release_type);
    add_row(view, "build type", package->build_type);
    add_row(view, "cpu", package->cpu);
    add_row(view, "platform", package->platform);
    add_row(view, "grouping key", package->grouping_key);
    add_flag(view, "removal", package->removal);
    add_flag(view, "diff", package->diff);
    add_flag(view, "binary partition", package->binary_partition);
    add_flag(view, "empty", package->empty);
    iv_buf_printf(view->buf, "  %-16s %" PRIu64 ", %" PRIu64 " bytes\n", "files",
                  package->file_count, package->total_size);
    if (files) {
        add_files(view, package);
    }
    for (size_t i = 0; i < package->seal_count; i++) {
        add_seal(view, &package->seal[i]);
    }
    for (size_t i = 0; i < package->fault_count; i++) {
        add_fault(view, &package->faults[i]);
    }
}

/* Columns of a text, at most `widest`. */
static size_t shown_width(const char *text, size_t widest)
{
    size_t width = text == NULL ? 0 : iv_text_width(text);
    return width > widest ? widest : width;
}

/* The text, or "-", filled up with blanks to so many columns. */
static void add_padded(const struct iv_view *view, const char *text, size_t width)
{
    size_t start = view->buf->size;
    iv_view_text(view, text == NULL ? "-" : text);
    size_t used = iv_text_width(iv_buf_text(view->buf) + start);
    iv_buf_printf(view->buf, "%*s  ", used < width ? (int)(width - used) : 0, "");
}

/* All packages, a line each, in columns as wide as the names need within bounds. */
static void add_table(const struct iv_view *view, const struct iv_submission *s)
{
    size_t name = 4;
    size_t partition = 9;
    for (size_t i = 0; i < s->package_count; i++) {
        size_t n = shown_width(s->packages[i].name, 60);
        size_t p = shown_width(iv_package_partition(&s->packages[i]), 20);
        name = n > name ? n : name;
        partition = p > partition ? p : partition;
    }
    for (size_t i = 0; i < s->package_count; i++) {
        const struct iv_package *package = &s->packages[i];
        iv_buf_printf(view->buf, "  %-7s  ", iv_style_names[package->style]);
        add_padded(view, package->name, name);
        add_padded(view, iv_package_partition(package), partition);
        add_padded(view, package->version, 16);
        add_padded(view, package->owner_type, 9);
        iv_buf_printf(view->buf, "%s%s%s%s%s%s\n", package->removal ? "removal " : "",
                      package->diff ? "diff " : "", package->binary_partition ? "binary " : "",
                      package->empty ? "empty " : "", package->unreadable ? "unreadable " : "",
                      package->origin == IV_ORIGIN_HISTORY ? "history " : "");
        while (view->buf->size > 1 && view->buf->data[view->buf->size - 2] == ' ') {
            view->buf->data[--view->buf->size - 1] = '\n';
            view->buf->data[view->buf->size] = '\0';
        }
        for (size_t f = 0; f < package->fault_count; f++) {
            add_fault(view, &package->faults[f]);
        }
    }
}

/* Each value with the source that it comes from; of one name the value in force comes first. */
static void add_device(const struct iv_view *view, const struct iv_device *device)
{
    for (size_t i = 0; i < device->value_count; i++) {
        const struct iv_datum *value = &device->values[i];
        iv_buf_printf(view->buf, "  %-26s ", value->name);
        iv_view_text(view, value->value);
        iv_buf_puts(view->buf, "  (");
        iv_view_text(view, value->source);
        iv_buf_puts(view->buf, ")\n");
    }
}

/* --- an image file --- */

#define SECURITY_HEADER_SIZE 32 /* bytes before the catalog */

#define BAR_WIDTH 20

/* In the unit that leaves a short number; `text` is the caller's room for it. */
static const char *size_text(uint64_t size, char text[32])
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    size_t unit = 0;
    double value = (double)size;
    while (value >= 1024 && unit + 1 < IV_COUNT(units)) {
        value /= 1024;
        unit++;
    }
    snprintf(text, 32, unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
    return text;
}

/* A list under one label, an item a line. */
static void add_strings(const struct iv_view *view, const char *label, const char *const *texts,
                        size_t count)
{
    for (size_t i = 0; i < count; i++) {
        add_row(view, i == 0 ? label : "", texts[i]);
    }
}

/* Not checked is said with the reason: it must not read like a pass. */
static void add_hash(const struct iv_view *view, const struct iv_image_hash *hash)
{
    iv_buf_printf(view->buf, "  %-16s ", "hashes");
    switch (hash->state) {
    case IV_HASH_NONE:
        iv_buf_puts(view->buf, "none that can be used\n");
        break;
    case IV_HASH_SKIPPED:
        iv_buf_printf(view->buf, "%" PRIu64 " chunks, not checked (--no-hash)\n", hash->chunks);
        break;
    case IV_HASH_NOT_EVALUATED:
        iv_buf_puts(view->buf, "not checked: the payload is compressed\n");
        break;
    case IV_HASH_CHECKED:
        iv_buf_printf(view->buf,
                      "%" PRIu64 " of %" PRIu64 " chunks checked, %" PRIu64 " do not match\n",
                      hash->checked, hash->chunks, hash->mismatched);
        break;
    }
}

/* A signer is named whether or not the signature fits; only one that fits proves the name. */
static void add_signers(const struct iv_view *view, const struct iv_image *image)
{
    iv_buf_printf(view->buf, "  %-16s %s; its digest of the hash table: %s\n", "catalog",
                  iv_signature_names[image->signature],
                  iv_catalog_digest_names[image->catalog_digest]);
    for (size_t i = 0; i < image->signer_count; i++) {
        const struct iv_image_signer *signer = &image->signers[i];
        iv_buf_printf(view->buf, "  %-16s ", "signer");
        iv_view_text(view, signer->name == NULL ? "without a name" : signer->name);
        if (signer->organization != NULL) {
            iv_buf_puts(view->buf, ", ");
            iv_view_text(view, signer->organization);
        }
        if (signer->issuer != NULL) {
            iv_buf_puts(view->buf, "; issued by ");
            iv_view_text(view, signer->issuer);
        }
        iv_buf_puts(view->buf, signer->verified ? "; the signature fits\n" : "\n");
    }
}

/* Signing tools may leave a chunk too many between the hash table and the image header. */
static void add_spare(const struct iv_view *view, const struct iv_image *image)
{
    uint64_t end = SECURITY_HEADER_SIZE + image->catalog_size + image->hash_table_size;
    if (image->chunk_size != 0 && image->image_header_offset >= end + image->chunk_size) {
        iv_buf_printf(view->buf,
                      "  %-16s one chunk without use before the image header, which is at offset "
                      "%" PRIu64 "\n",
                      "spare chunk", image->image_header_offset);
    }
}

/* The container: what an FFU has beside the disks in it. */
static void add_ffu(const struct iv_view *view, const struct iv_image *image)
{
    add_strings(view, "targeting", image->targeting, image->targeting_count);
    add_row(view, "OS version", image->os_version);
    add_row(view, "anti-theft", image->anti_theft_version);
    add_row(view, "rules version", image->rules_version);
    add_row(view, "description", image->description);
    iv_buf_printf(view->buf,
                  "  %-16s chunks of %" PRIu64 ", catalog %" PRIu64 ", hash table %" PRIu64
                  ", manifest %" PRIu64 " bytes\n",
                  "container", image->chunk_size, image->catalog_size, image->hash_table_size,
                  image->manifest_size);
    add_spare(view, image);
    add_hash(view, &image->hash);
    add_signers(view, image);
}

/* "[######..............]": how much of the partition the image writes. */
static void add_bar(const struct iv_view *view, const struct iv_image_partition *partition)
{
    char bar[BAR_WIDTH + 1];
    double share = partition->size == 0 ? 0 : (double)partition->used / (double)partition->size;
    size_t full = share >= 1 ? BAR_WIDTH : (size_t)(share * BAR_WIDTH + 0.5);
    full = full == 0 && partition->used > 0 ? 1 : full;
    memset(bar, '.', BAR_WIDTH);
    memset(bar, '#', full);
    bar[BAR_WIDTH] = '\0';
    iv_buf_printf(view->buf, "[%s] %3.0f%%", bar, share >= 1 ? 100 : share * 100);
}

/* Those of one store, in the order of the table; 0 is the store of WIM images, which have none. */
static void add_partitions(const struct iv_view *view, const struct iv_image *image, uint64_t store)
{
    size_t name = 4;
    for (size_t i = 0; i < image->partition_count; i++) {
        size_t width = shown_width(image->partitions[i].name, 36);
        name = width > name ? width : name;
    }
    for (size_t i = 0; i < image->partition_count; i++) {
        const struct iv_image_partition *partition = &image->partitions[i];
        char size[32];
        if (partition->store != store) {
            continue;
        }
        iv_buf_printf(view->buf, "  %3" PRIu64 "  ", partition->number);
        add_padded(view, partition->name, name);
        add_padded(view, partition->file_system, 6);
        iv_buf_printf(view->buf, "%12" PRIu64 " %11s ", partition->start,
                      size_text(partition->size, size));
        add_bar(view, partition);
        if (partition->package_count > 0) {
            iv_buf_printf(view->buf, "  %" PRIu64 " package%s", partition->package_count,
                          partition->package_count == 1 ? "" : "s");
        }
        iv_buf_putc(view->buf, '\n');
    }
}

/* A disk in the image; the second line is about the block map, which only an FFU has. */
static void add_store(const struct iv_view *view, const struct iv_image *image,
                      const struct iv_image_store *store)
{
    char size[32];
    iv_buf_printf(view->buf, "store %" PRIu64 ": disk of %s, sectors of %" PRIu64 ", table %s",
                  store->index, size_text(store->disk_size, size), store->sector_size,
                  store->scheme == NULL ? "unknown" : store->scheme);
    if (store->disk_id != NULL) {
        iv_buf_putc(view->buf, ' ');
        iv_view_text(view, store->disk_id);
    }
    iv_buf_puts(view->buf, store->readable ? "\n" : "; not readable\n");
    if (store->entry_count > 0) {
        iv_buf_printf(view->buf,
                      "  header %s, FullFlash %s, %s; %" PRIu64 " blocks of %" PRIu64
                      " bytes to %" PRIu64 " places\n",
                      store->version == NULL ? "-" : store->version,
                      store->flash_version == NULL ? "-" : store->flash_version,
                      iv_update_type_names[store->update_type], store->entry_count,
                      store->block_size, store->location_count);
    }
    add_row(view, "device path", store->device_path);
    add_partitions(view, image, store->index);
}

/* The file, then its stores, then the WIM images that lie in it. */
static void add_image(const struct iv_view *view, const struct iv_image *image)
{
    char size[32];
    iv_buf_puts(view->buf, "image\n");
    add_row(view, "format", image->format);
    iv_buf_printf(view->buf, "  %-16s %" PRIu64 " bytes (%s)\n", "file", image->file_size,
                  size_text(image->file_size, size));
    add_strings(view, "platform", image->platform_ids, image->platform_id_count);
    if (strcmp(image->format, "FFU") == 0) {
        add_ffu(view, image);
    } else if (image->claim_count > 0) {
        iv_buf_printf(view->buf, "  %-16s %zu partition%s in DeviceLayout.xml\n", "layout",
                      image->claim_count, image->claim_count == 1 ? "" : "s");
    }
    for (size_t i = 0; i < image->store_count; i++) {
        add_store(view, image, &image->stores[i]);
    }
    bool has_wims = false;
    for (size_t i = 0; i < image->partition_count; i++) {
        has_wims = has_wims || image->partitions[i].store == 0;
    }
    if (has_wims) {
        iv_buf_puts(view->buf, "WIM images\n");
        add_partitions(view, image, 0);
    }
}

/* One package is shown in full, and with -v all are; otherwise a line each. */
void iv_inspect_text(const struct iv_submission *s, unsigned verbose, bool ascii,
                     struct iv_buf *buf)
{
    const struct iv_view own = {.buf = buf, .ascii = ascii};
    const struct iv_view *view = &own;
    bool single = s->kind == IV_KIND_PACKAGE && s->package_count == 1;
    if (single || verbose > 0) {
        for (size_t i = 0; i < s->package_count; i++) {
            add_package_in_full(view, &s->packages[i], true);
        }
    } else {
        iv_view_text(view, s->path);
        iv_buf_printf(view->buf, ": %s, %zu packages, id %s\n", iv_kind_names[s->kind],
                      s->package_count, s->id);
        add_table(view, s);
    }
    if (s->image.present) {
        add_image(view, &s->image);
    }
    if (s->device.value_count > 0) {
        iv_buf_puts(view->buf, "device\n");
        add_device(view, &s->device);
    }
    if (s->history.present) {
        iv_buf_printf(view->buf, "history\n  %" PRIu64 " complete events, %zu packages\n",
                      s->history.event_count, s->history.package_count);
    }
    if (s->oem_input.present) {
        iv_buf_puts(view->buf, "OEMInput\n");
        add_row(view, "product", s->oem_input.product);
        add_row(view, "SOC", s->oem_input.soc);
        add_row(view, "device", s->oem_input.device);
        add_row(view, "release type", s->oem_input.release_type);
        add_row(view, "build type", s->oem_input.build_type);
    }
    for (size_t i = 0; i < s->fault_count; i++) {
        add_fault(view, &s->faults[i]);
    }
}
