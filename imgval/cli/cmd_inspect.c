/*
 * imgval inspect: show what a package, an image or a tree holds; judge nothing. The input is read
 * as a context-free partial submission, so that nothing is asked of it and no history is needed; a
 * single package file is read whole, as with --verify. Text for people goes through
 * iv_text_escape(), as names come from the input; JSON has the fields of the model's own tables.
 */
#include "imgval/cli/command.h"

#include "imgval/base/look.h"
#include "imgval/base/text.h"
#include "imgval/model/fields.h"
#include "imgval/model/kinds.h"
#include "imgval/report/write/json.h"
#include "imgval/scan/resolve.h"
#include "imgval/scan/scan_read.h"
#include "imgval/version.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const inspect_formats[] = {"text", "json", NULL};

static const struct iv_option inspect_options[] = {
    {.name = "format",
     .argument = "text|json",
     .type = IV_OPTION_WORD,
     .offset = offsetof(struct iv_scan_arguments, output.format),
     .words = inspect_formats,
     .help = "of standard output; default text"},
    {.name = "verbose",
     .letter = 'v',
     .type = IV_OPTION_COUNT,
     .offset = offsetof(struct iv_scan_arguments, output.verbose),
     .help = "also the files of every package"},
    IV_ROW_HISTORY(offsetof(struct iv_scan_arguments, options.reading.update_history)),
    IV_ROW_OEM_INPUT(offsetof(struct iv_scan_arguments, options.reading.oem_input)),
    IV_ROW_DEVICE_INFO(offsetof(struct iv_scan_arguments, options.reading.device_info)),
};
static const struct iv_option_group inspect_group = {.options = inspect_options,
                                                     .count = IV_COUNT(inspect_options)};
static const struct iv_option_group *const groups[] = {&inspect_group, &iv_group_store,
                                                       &iv_group_reading, &iv_group_verify};

/* --- text ------------------------------------------------------------------------------------ */

struct view {
    struct iv_buf *buf;
    bool ascii;
};

static void add_text(const struct view *view, const char *text)
{
    iv_text_escape(view->buf, text, 0, view->ascii);
}

/* "  label       value", nothing for a value that is not said. */
static void add_row(const struct view *view, const char *label, const char *value)
{
    if (value != NULL) {
        iv_buf_printf(view->buf, "  %-16s ", label);
        add_text(view, value);
        iv_buf_putc(view->buf, '\n');
    }
}

static void add_flag(const struct view *view, const char *label, bool value)
{
    if (value) {
        iv_buf_printf(view->buf, "  %-16s yes\n", label);
    }
}

static void add_fault(const struct view *view, const struct iv_fault *fault)
{
    iv_buf_puts(view->buf, "  ! ");
    add_text(view, fault->path == NULL ? "" : fault->path);
    if (fault->member != NULL) {
        iv_buf_putc(view->buf, ':');
        add_text(view, fault->member);
    }
    if (fault->line > 0) {
        iv_buf_printf(view->buf, ":%" PRIu64, fault->line);
    }
    iv_buf_printf(view->buf, ": %s: ", iv_fault_names[fault->kind]);
    add_text(view, fault->detail);
    iv_buf_putc(view->buf, '\n');
}

static void add_files(const struct view *view, const struct iv_package *package)
{
    for (size_t i = 0; i < package->files_count; i++) {
        const struct iv_package_file *file = &package->files[i];
        if (file->has_size) {
            iv_buf_printf(view->buf, "  %12" PRIu64 "  ", file->size);
        } else {
            iv_buf_puts(view->buf, "             -  ");
        }
        add_text(view, file->path == NULL ? "" : file->path);
        if (file->type != NULL) {
            iv_buf_puts(view->buf, "  (");
            add_text(view, file->type);
            iv_buf_putc(view->buf, ')');
        }
        iv_buf_putc(view->buf, '\n');
    }
}

/* What is known of who signed a catalog. */
static void add_signer(const struct view *view, const struct iv_seal *seal)
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

static void add_seal(const struct view *view, const struct iv_seal *seal)
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
        add_text(view, seal->flaws[i].detail);
        iv_buf_putc(view->buf, '\n');
    }
    for (size_t i = 0; i < seal->sealed_count; i++) {
        const struct iv_sealed_file *file = &seal->files[i];
        iv_buf_printf(view->buf, "  %-12s %-64s  ", iv_sealed_state_names[file->state],
                      file->digest == NULL ? "-" : file->digest);
        add_text(view, file->path);
        iv_buf_putc(view->buf, '\n');
    }
}

static void add_package_in_full(const struct view *view, const struct iv_package *package,
                                bool files)
{
    add_text(view, package->path);
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
static void add_padded(const struct view *view, const char *text, size_t width)
{
    size_t start = view->buf->size;
    add_text(view, text == NULL ? "-" : text);
    size_t used = iv_text_width(iv_buf_text(view->buf) + start);
    iv_buf_printf(view->buf, "%*s  ", used < width ? (int)(width - used) : 0, "");
}

/* All packages, a line each, in columns as wide as the names need within bounds. */
static void add_table(const struct view *view, const struct iv_submission *s)
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

static void add_device(const struct view *view, const struct iv_device *device)
{
    for (size_t i = 0; i < device->value_count; i++) {
        const struct iv_datum *value = &device->values[i];
        iv_buf_printf(view->buf, "  %-26s ", value->name);
        add_text(view, value->value);
        iv_buf_puts(view->buf, "  (");
        add_text(view, value->source);
        iv_buf_puts(view->buf, ")\n");
    }
}

/* --- an image file --- */

#define SECURITY_HEADER_SIZE 32 /* bytes before the catalog */

#define BAR_WIDTH 20

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

static void add_strings(const struct view *view, const char *label, const char *const *texts,
                        size_t count)
{
    for (size_t i = 0; i < count; i++) {
        add_row(view, i == 0 ? label : "", texts[i]);
    }
}

static void add_hash(const struct view *view, const struct iv_image_hash *hash)
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

static void add_signers(const struct view *view, const struct iv_image *image)
{
    iv_buf_printf(view->buf, "  %-16s %s; its digest of the hash table: %s\n", "catalog",
                  iv_signature_names[image->signature],
                  iv_catalog_digest_names[image->catalog_digest]);
    for (size_t i = 0; i < image->signer_count; i++) {
        const struct iv_image_signer *signer = &image->signers[i];
        iv_buf_printf(view->buf, "  %-16s ", "signer");
        add_text(view, signer->name == NULL ? "without a name" : signer->name);
        if (signer->organization != NULL) {
            iv_buf_puts(view->buf, ", ");
            add_text(view, signer->organization);
        }
        if (signer->issuer != NULL) {
            iv_buf_puts(view->buf, "; issued by ");
            add_text(view, signer->issuer);
        }
        iv_buf_puts(view->buf, signer->verified ? "; the signature fits\n" : "\n");
    }
}

/* Signing tools may leave a chunk too many between the hash table and the image header. */
static void add_spare(const struct view *view, const struct iv_image *image)
{
    uint64_t end = SECURITY_HEADER_SIZE + image->catalog_size + image->hash_table_size;
    if (image->chunk_size != 0 && image->image_header_offset >= end + image->chunk_size) {
        iv_buf_printf(view->buf,
                      "  %-16s one chunk without use before the image header, which is at offset "
                      "%" PRIu64 "\n",
                      "spare chunk", image->image_header_offset);
    }
}

static void add_ffu(const struct view *view, const struct iv_image *image)
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
static void add_bar(const struct view *view, const struct iv_image_partition *partition)
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

static void add_partitions(const struct view *view, const struct iv_image *image, uint64_t store)
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

static void add_store(const struct view *view, const struct iv_image *image,
                      const struct iv_image_store *store)
{
    char size[32];
    iv_buf_printf(view->buf, "store %" PRIu64 ": disk of %s, sectors of %" PRIu64 ", table %s",
                  store->index, size_text(store->disk_size, size), store->sector_size,
                  store->scheme == NULL ? "unknown" : store->scheme);
    if (store->disk_id != NULL) {
        iv_buf_putc(view->buf, ' ');
        add_text(view, store->disk_id);
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

static void add_image(const struct view *view, const struct iv_image *image)
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

static void show_text(const struct iv_submission *s, unsigned verbose, const struct view *view)
{
    bool single = s->kind == IV_KIND_PACKAGE && s->package_count == 1;
    if (single || verbose > 0) {
        for (size_t i = 0; i < s->package_count; i++) {
            add_package_in_full(view, &s->packages[i], true);
        }
    } else {
        add_text(view, s->path);
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

/* --- JSON ------------------------------------------------------------------------------------ */

static void json_faults(struct iv_json *json, const struct iv_fault *faults, size_t count)
{
    iv_json_open_array(json, "faults");
    for (size_t i = 0; i < count; i++) {
        iv_json_open_object(json, NULL);
        iv_json_string(json, "kind", iv_fault_names[faults[i].kind]);
        iv_json_string(json, "path", faults[i].path);
        iv_json_string(json, "member", faults[i].member);
        iv_json_uint(json, "line", faults[i].line);
        iv_json_string(json, "detail", faults[i].detail);
        iv_json_close_object(json);
    }
    iv_json_close_array(json);
}

static void json_package(struct iv_json *json, const struct iv_package *package)
{
    iv_json_open_object(json, NULL);
    iv_json_fields(json, &iv_package_struct, package, IV_FIELD_REPORT);
    iv_json_open_array(json, "files");
    for (size_t i = 0; i < package->files_count; i++) {
        const struct iv_package_file *file = &package->files[i];
        iv_json_open_object(json, NULL);
        iv_json_string(json, "path", file->path);
        iv_json_string(json, "cab_path", file->cab_path);
        iv_json_string(json, "type", file->type);
        if (file->has_size) {
            iv_json_uint(json, "size", file->size);
        } else {
            iv_json_null(json, "size");
        }
        iv_json_close_object(json);
    }
    iv_json_close_array(json);
    if (package->seal_count > 0) {
        iv_json_open_array(json, "digests");
        for (size_t i = 0; i < package->seal->sealed_count; i++) {
            iv_json_open_object(json, NULL);
            iv_json_fields(json, &iv_sealed_file_struct, &package->seal->files[i], IV_FIELD_REPORT);
            iv_json_close_object(json);
        }
        iv_json_close_array(json);
    }
    json_faults(json, package->faults, package->fault_count);
    iv_json_close_object(json);
}

static void json_device(struct iv_json *json, const struct iv_device *device)
{
    iv_json_open_object(json, "device");
    for (size_t i = 0; i < device->value_count; i++) {
        const struct iv_datum *value = &device->values[i];
        if (i == 0 || strcmp(device->values[i - 1].name, value->name) != 0) {
            iv_json_open_array(json, value->name);
        }
        iv_json_open_object(json, NULL);
        iv_json_string(json, "value", value->value);
        iv_json_string(json, "source", value->source);
        iv_json_close_object(json);
        if (i + 1 == device->value_count || strcmp(device->values[i + 1].name, value->name) != 0) {
            iv_json_close_array(json);
        }
    }
    iv_json_close_object(json);
}

static void show_json(const struct iv_submission *s, struct iv_buf *buf)
{
    struct iv_json json = iv_json(buf, true);
    iv_json_open_object(&json, NULL);
    iv_json_string(&json, "schema", "imgval-inspect/1");
    iv_json_open_object(&json, "tool");
    iv_json_string(&json, "name", "imgval");
    iv_json_string(&json, "version", IMGVAL_VERSION);
    iv_json_close_object(&json);
    iv_json_string(&json, "path", s->path);
    iv_json_string(&json, "kind", iv_kind_names[s->kind]);
    iv_json_string(&json, "id", s->id);
    iv_json_string(&json, "firmware_version", s->firmware_version);
    if (s->image.present) {
        iv_json_open_object(&json, "image");
        iv_json_fields(&json, &iv_image_struct, &s->image, IV_FIELD_REPORT);
        iv_json_close_object(&json);
    }
    json_device(&json, &s->device);
    iv_json_open_array(&json, "packages");
    for (size_t i = 0; i < s->package_count; i++) {
        json_package(&json, &s->packages[i]);
    }
    iv_json_close_array(&json);
    json_faults(&json, s->faults, s->fault_count);
    iv_json_close_object(&json);
    iv_buf_putc(buf, '\n');
}

/* --- the command ----------------------------------------------------------------------------- */

/*
 * Of an FFU: whether some chunk was not compared with its hash, also when --no-hash asked for that.
 */
static bool has_unchecked_hashes(const struct iv_image *image)
{
    return image->present && image->format != NULL && strcmp(image->format, "FFU") == 0 &&
           (image->hash.state != IV_HASH_CHECKED || image->hash.checked != image->hash.chunks);
}

/* Whether something could not be read. */
static bool is_incomplete(const struct iv_submission *s)
{
    for (size_t i = 0; i < s->package_count; i++) {
        if (s->packages[i].unreadable) {
            return true;
        }
    }
    return s->fault_count > 0 || s->package_count == 0 || has_unchecked_hashes(&s->image);
}

static bool read_named(const char *name, const struct iv_scan_options *options,
                       struct iv_arena *arena, struct iv_submission *ret_submission,
                       struct iv_error *err)
{
    struct iv_containment containment;
    struct iv_named named;
    if (!iv_resolve_is_name(name)) {
        return iv_scan_read(name, &options->reading, arena, ret_submission, &containment, err);
    }
    if (!iv_resolve(name, options, false, arena, &named, err)) {
        return false;
    }
    *ret_submission = named.submission;
    return true;
}

/* One package, or a catalog: it is read whole, as a tree is only on request. */
static bool is_package_file(const char *path)
{
    struct stat st;
    return !iv_resolve_is_name(path) && iv_kind_of_image_name(path) == IV_KIND_COUNT &&
           iv_look_at(path, &st) == IV_LOOK_FOUND && S_ISREG(st.st_mode);
}

static int run_inspect(const struct iv_command *command, void *options,
                       const struct iv_strings *arguments, struct iv_arena *arena)
{
    struct iv_scan_arguments *given = options;
    struct iv_error err = {0};
    struct iv_scan_options scan_options;
    struct iv_submission s;
    if (arguments->count != 1) {
        return iv_command_usage(command, "name one PATH");
    }
    if (!iv_command_scan_options(given, arena, &scan_options, &err)) {
        return iv_command_fail(&err);
    }
    scan_options.reading.as_it_lies = true;
    scan_options.reading.want_files = true;
    scan_options.reading.verify =
        scan_options.reading.verify || is_package_file(arguments->items[0]);
    if (!read_named(arguments->items[0], &scan_options, arena, &s, &err)) {
        return iv_command_fail(&err);
    }
    struct iv_buf text IV_CLEANUP(iv_buf_fini) = {0};
    if (given->output.format == 1) {
        show_json(&s, &text);
    } else {
        const struct view view = {.buf = &text, .ascii = iv_command_style(&given->output).ascii};
        show_text(&s, given->output.verbose, &view);
    }
    return iv_command_print(&text, is_incomplete(&s) ? IV_EXIT_INCOMPLETE : IV_EXIT_PASS);
}

const struct iv_command iv_cmd_inspect = {
    .name = "inspect",
    .synopsis = "PATH",
    .summary = "Show what a package, an image or a tree of packages holds; judge nothing.",
    .details =
        "Of an image: headers, stores, partitions and how full they are, signers. Of a\n"
        "package file: signer, chain, time stamp, and the digest of each file; of a catalog\n"
        "(.cat) alone, the digests that it lists.\n\n"
        "Exit status: 0; 3 when something could not be read, or the hashes of an FFU were "
        "not all checked.",
    .options_size = sizeof(struct iv_scan_arguments),
    .groups = groups,
    .group_count = IV_COUNT(groups),
    .complete = IV_COMPLETE_SUBMISSION,
    .run = run_inspect,
};
