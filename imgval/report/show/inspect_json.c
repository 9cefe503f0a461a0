/*
 * What inspect shows, as JSON (schema/imgval-inspect-1.schema.json). Packages, images and digests
 * have the members of the model's own tables; files and faults are written here.
 */
#include "imgval/report/show/inspect.h"

#include "imgval/model/fields.h"
#include "imgval/model/kinds.h"
#include "imgval/report/write/json_report.h"
#include "imgval/version.h"

/* What could not be read, of a package or of the whole: nothing is judged, so they are no
 * findings. */
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

/* A package with its files, and its digests where it was verified. */
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

void iv_inspect_json(const struct iv_submission *s, struct iv_buf *buf)
{
    struct iv_json json = iv_json(buf, true);
    iv_json_open_object(&json, NULL);
    iv_json_head(&json, "imgval-inspect/1", IMGVAL_VERSION);
    iv_json_string(&json, "path", s->path);
    iv_json_string(&json, "kind", iv_kind_names[s->kind]);
    iv_json_string(&json, "id", s->id);
    iv_json_string(&json, "firmware_version", s->firmware_version);
    if (s->image.present) {
        iv_json_open_object(&json, "image");
        iv_json_fields(&json, &iv_image_struct, &s->image, IV_FIELD_REPORT);
        iv_json_close_object(&json);
    }
    iv_json_device(&json, &s->device, false);
    iv_json_open_array(&json, "packages");
    for (size_t i = 0; i < s->package_count; i++) {
        json_package(&json, &s->packages[i]);
    }
    iv_json_close_array(&json);
    json_faults(&json, s->faults, s->fault_count);
    iv_json_close_object(&json);
    iv_buf_putc(buf, '\n');
}
