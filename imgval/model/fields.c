/*
 * The tables of facts: for each struct of the model one table, a row a member, with the offset and
 * type of the member, its name, and the uses that it has (the wire between reader and parent,
 * reports, the store; text that a pattern may judge). The codec (facts.c), JSON, CSV, the store and
 * the schemas run over these tables, so a fact is added by a row and is then everywhere.
 *
 * The order of rows is the order on the wire and in documents. CHECKED() in fields_rows.h refuses
 * a member of another type at compile time.
 */
#include "imgval/model/fields.h"

#include "imgval/base/attr.h"
#include "imgval/model/facts.h"
#include "imgval/model/fields_rows.h"
#include "imgval/model/image.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

enum {
    W = IV_FIELD_WIRE,
    R = IV_FIELD_REPORT,
    S = IV_FIELD_STORED,
};

/* The codec moves enumerators through an unsigned int. */
static_assert(sizeof(enum iv_style) == sizeof(unsigned), "enum size");
static_assert(sizeof(enum iv_origin) == sizeof(unsigned), "enum size");
static_assert(sizeof(enum iv_container) == sizeof(unsigned), "enum size");
static_assert(sizeof(enum iv_fault_kind) == sizeof(unsigned), "enum size");
static_assert(sizeof(enum iv_rank) == sizeof(unsigned), "enum size");
static_assert(sizeof(enum iv_update_type) == sizeof(unsigned), "enum size");
static_assert(sizeof(enum iv_signature) == sizeof(unsigned), "enum size");
static_assert(sizeof(enum iv_catalog_digest) == sizeof(unsigned), "enum size");
static_assert(sizeof(enum iv_content) == sizeof(unsigned), "enum size");
static_assert(sizeof(enum iv_root) == sizeof(unsigned), "enum size");
static_assert(sizeof(enum iv_flaw_kind) == sizeof(unsigned), "enum size");
static_assert(sizeof(enum iv_sealed_state) == sizeof(unsigned), "enum size");
static_assert(sizeof(enum iv_hash_state) == sizeof(unsigned), "enum size");

const char *const iv_style_names[] = {
    [IV_STYLE_UNKNOWN] = "unknown",
    [IV_STYLE_SPKG] = "spkg",
    [IV_STYLE_CBS] = "cbs",
    [IV_STYLE_CBS + 1] = NULL,
};

const char *const iv_origin_names[] = {
    [IV_ORIGIN_SUBMISSION] = "submission",
    [IV_ORIGIN_HISTORY] = "history",
    [IV_ORIGIN_HISTORY + 1] = NULL,
};

const char *const iv_container_names[] = {
    [IV_CONTAINER_CABINET] = "cabinet",     [IV_CONTAINER_FOLDER] = "folder",
    [IV_CONTAINER_INSTALLED] = "installed", [IV_CONTAINER_HISTORY] = "history",
    [IV_CONTAINER_HISTORY + 1] = NULL,
};

/* From the weakest source to the strongest, as imgval(1), Device values, has them. */
const char *const iv_rank_names[] = {
    [IV_RANK_ANSWER] = "answer-file",
    [IV_RANK_REGISTRY] = "registry",
    [IV_RANK_TARGETING] = "targeting-package",
    [IV_RANK_HIVE] = "hive",
    [IV_RANK_FILE] = "device-info",
    [IV_RANK_OPTION] = "option",
    [IV_RANK_OPTION + 1] = NULL,
};

/* These words are in reports and must not change; which rule a fault is judged by is decided in
 * rules/. */
const char *const iv_fault_names[] = {
    [IV_FAULT_NONE] = "none",
    [IV_FAULT_MALFORMED] = "malformed",
    [IV_FAULT_UNREADABLE] = "unreadable",
    [IV_FAULT_LIMIT] = "limit",
    [IV_FAULT_NOT_REGULAR] = "not-regular",
    [IV_FAULT_READER_DIED] = "reader-died",
    [IV_FAULT_UNSUPPORTED] = "unsupported",
    [IV_FAULT_MEMBER_MISSING] = "member-missing",
    [IV_FAULT_METADATA] = "metadata",
    [IV_FAULT_FFU_HEADER] = "ffu-header",
    [IV_FAULT_HASH_MISMATCH] = "hash-mismatch",
    [IV_FAULT_HASH_TABLE] = "hash-table",
    [IV_FAULT_CATALOG] = "catalog",
    [IV_FAULT_TRAILING] = "trailing-data",
    [IV_FAULT_TRUNCATED] = "truncated",
    [IV_FAULT_TABLE] = "partition-table",
    [IV_FAULT_PARTITION] = "partition",
    [IV_FAULT_FILE] = "file",
    [IV_FAULT_TWINS] = "twins",
    [IV_FAULT_NOT_PACKAGE] = "not-package",
    [IV_FAULT_NOT_CLOSED] = "not-closed",
    [IV_FAULT_ELSEWHERE] = "elsewhere",
    [IV_FAULT_KINDS] = NULL,
};
static_assert(IV_COUNT(iv_fault_names) == IV_FAULT_KINDS + 1, "a word for each kind of fault");

const char *const iv_update_type_names[] = {
    [IV_UPDATE_UNKNOWN] = "unknown",
    [IV_UPDATE_FULL] = "full",
    [IV_UPDATE_PARTIAL] = "partial",
    [IV_UPDATE_PARTIAL + 1] = NULL,
};

/* Not verified is an answer of its own: there is a signature, and nobody has shown that it is
 * good. */
const char *const iv_signature_names[] = {
    [IV_SIGNATURE_UNKNOWN] = "unknown",           [IV_SIGNATURE_NONE] = "unsigned",
    [IV_SIGNATURE_NOT_VERIFIED] = "not-verified", [IV_SIGNATURE_VALID] = "valid",
    [IV_SIGNATURE_INVALID] = "invalid",           [IV_SIGNATURE_INVALID + 1] = NULL,
};

const char *const iv_catalog_digest_names[] = {
    [IV_CATALOG_UNKNOWN] = "unknown",         [IV_CATALOG_MATCHES] = "matches",
    [IV_CATALOG_MATCHES_TAG] = "matches-tag", [IV_CATALOG_DIFFERS] = "differs",
    [IV_CATALOG_DIFFERS + 1] = NULL,
};

const char *const iv_hash_state_names[] = {
    [IV_HASH_NONE] = "none",
    [IV_HASH_SKIPPED] = "skipped",
    [IV_HASH_NOT_EVALUATED] = "not-evaluated",
    [IV_HASH_CHECKED] = "checked",
    [IV_HASH_CHECKED + 1] = NULL,
};

/* Of a package's files against its catalog: intact needs each file covered and equal. */
const char *const iv_content_names[] = {
    [IV_CONTENT_NOT_CHECKED] = "not-checked", [IV_CONTENT_INTACT] = "intact",
    [IV_CONTENT_NOT_COVERED] = "not-covered", [IV_CONTENT_DAMAGED] = "damaged",
    [IV_CONTENT_DAMAGED + 1] = NULL,
};

const char *const iv_root_names[] = {
    [IV_ROOT_NONE] = "none",     [IV_ROOT_UNKNOWN] = "unknown", [IV_ROOT_TEST] = "test",
    [IV_ROOT_RETAIL] = "retail", [IV_ROOT_TRUSTED] = "trusted", [IV_ROOT_TRUSTED + 1] = NULL,
};

const char *const iv_flaw_names[] = {
    [IV_FLAW_NOT_COVERED] = "not-covered", [IV_FLAW_MISSING] = "missing",
    [IV_FLAW_NO_CATALOG] = "no-catalog",   [IV_FLAW_SIGNATURE] = "signature",
    [IV_FLAW_DIFFERS] = "differs",         [IV_FLAW_DAMAGED] = "damaged",
    [IV_FLAW_DAMAGED + 1] = NULL,
};

const char *const iv_sealed_state_names[] = {
    [IV_SEALED_NOT_READ] = "not-read",       [IV_SEALED_COVERED] = "covered",
    [IV_SEALED_NOT_COVERED] = "not-covered", [IV_SEALED_EMPTY] = "empty",
    [IV_SEALED_CATALOG] = "catalog",         [IV_SEALED_LISTED] = "listed",
    [IV_SEALED_LISTED + 1] = NULL,
};

/* Why the seal of a package does not hold. On the wire only: rules make findings of it, which are
 * what a report has. */
static const struct iv_field flaw_fields[] = {
    ENUM(iv_flaw, kind, "kind", W, iv_flaw_kind, iv_flaw_names),
    STRING(iv_flaw, member, "member", W),
    STRING(iv_flaw, detail, "detail", W),
};

static const struct iv_field sealed_file_fields[] = {
    STRING(iv_sealed_file, path, "path", W | R),
    ENUM(iv_sealed_file, state, "state", W | R, iv_sealed_state, iv_sealed_state_names),
    STRING(iv_sealed_file, digest, "sha256", W | R),
    NUMBER(iv_sealed_file, size, "size", W | R),
};

/* What the catalog of a package says: who signed, up to which root, and how much of it was
 * checked. */
static const struct iv_field seal_fields[] = {
    ENUM(iv_seal, content, "content", W | R, iv_content, iv_content_names),
    ENUM(iv_seal, signature, "signature", W | R, iv_signature, iv_signature_names),
    ENUM(iv_seal, root, "root", W | R, iv_root, iv_root_names),
    STRING(iv_seal, signer, "signer", W | R),
    STRING(iv_seal, organization, "organization", W | R),
    STRING(iv_seal, root_name, "root_name", W | R),
    STRING(iv_seal, digest, "digest", W | R),
    STRING(iv_seal, weak, "weak", W | R),
    STRING(iv_seal, stamp, "time_stamp", W | R),
    STRING(iv_seal, stamp_signer, "time_stamp_signer", W | R),
    STRINGS(iv_seal, chain, chain_count, "chain", W | R),
    NUMBER(iv_seal, version, "catalog_version", W | R),
    NUMBER(iv_seal, file_count, "file_count", W | R),
    NUMBER(iv_seal, covered, "covered", W | R),
    NUMBER(iv_seal, bytes, "bytes", W | R),
    LIST(iv_seal, flaws, flaw_count, "flaws", W, iv_flaw),
    LIST(iv_seal, files, sealed_count, "files", W, iv_sealed_file),
};

static const struct iv_field package_file_fields[] = {
    STRING(iv_package_file, path, "path", W | R),
    STRING(iv_package_file, cab_path, "cab_path", W | R),
    STRING(iv_package_file, type, "type", W | R),
    NUMBER(iv_package_file, size, "size", W | R),
    BOOL(iv_package_file, has_size, "has_size", W),
};

static const struct iv_field fault_fields[] = {
    ENUM(iv_fault, kind, "kind", W | R, iv_fault_kind, iv_fault_names),
    STRING(iv_fault, path, "path", W | R),
    STRING(iv_fault, member, "member", W | R),
    NUMBER(iv_fault, line, "line", W | R),
    STRING(iv_fault, detail, "detail", W | R),
};

static const struct iv_field import_fields[] = {
    STRING(iv_answer_import, path, "path", W),
    STRING(iv_answer_import, source, "source", W),
    NUMBER(iv_answer_import, line, "line", W),
};

static const struct iv_field datum_fields[] = {
    STRING(iv_datum, name, "name", W | R),
    STRING(iv_datum, value, "value", W | R),
    STRING(iv_datum, source, "source", W | R),
    STRING(iv_datum, group, "group", W | R),
    ENUM(iv_datum, rank, "rank", W | R, iv_rank, iv_rank_names),
};

/* In the order of the JSON report: the rows of a package, in each use that it has. */
static const struct iv_field package_fields[] = {
    STRING(iv_package, name, "name", W | R | S),
    STRING(iv_package, key, "key", W | R | S),
    ENUM(iv_package, style, "style", W | R | S, iv_style, iv_style_names),
    STRING(iv_package, version, "version", W | R | S),
    VERSION(iv_package, number, "number", W | S),
    STRING(iv_package, partition, "partition", W | R | S),
    STRING(iv_package, owner_type, "owner_type", W | R | S),
    BOOL(iv_package, removal, "removal", W | R | S),
    BOOL(iv_package, binary_partition, "binary_partition", W | R | S),
    BOOL(iv_package, empty, "empty", W | R | S),
    ENUM(iv_package, origin, "origin", W | R, iv_origin, iv_origin_names),
    STRING(iv_package, path, "path", W | R),
    ENUM(iv_package, container, "container", W, iv_container, iv_container_names),
    STRING(iv_package, owner, "owner", W | R | S),
    STRING(iv_package, component, "component", W | R | S),
    STRING(iv_package, sub_component, "sub_component", W | R | S),
    STRING(iv_package, culture, "culture", W | R | S),
    STRING(iv_package, resolution, "resolution", W | R),
    STRING(iv_package, identity_name, "identity_name", W | R),
    STRING(iv_package, identifier, "identifier", W | R),
    STRING(iv_package, release_type, "release_type", W | R | S),
    STRING(iv_package, build_type, "build_type", W | R),
    STRING(iv_package, cpu, "cpu", W | R),
    STRING(iv_package, platform, "platform", W | R),
    STRING(iv_package, grouping_key, "grouping_key", W | R),
    BOOL(iv_package, diff, "diff", W | R),
    BOOL(iv_package, unreadable, "unreadable", W | R),
    BOOL(iv_package, registry_unread, "registry_unread", W),
    STRING(iv_package, junction_file, "junction_file", W),
    STRING(iv_package, content, "content", W | R | S),
    STRING(iv_package, content_other, "content_other", W),
    NUMBER(iv_package, file_count, "file_count", W | R | S),
    NUMBER(iv_package, total_size, "total_size", W | R | S),
    LIST(iv_package, files, files_count, "files", W, iv_package_file),
    STRINGS(iv_package, payload_packages, payload_package_count, "payload_packages", W),
    {
        .name = "verification",
        .type = IV_TYPE_LIST,
        .uses = W | R,
        .offset = CHECKED(iv_package, seal, struct iv_seal *),
        .count_offset = CHECKED(iv_package, seal_count, size_t),
        .of = &iv_seal_struct,
        .shape = IV_SHAPE_ONE,
    },
    LIST(iv_package, faults, fault_count, "faults", W, iv_fault),
};

static const struct iv_field history_fields[] = {
    STRING(iv_history, path, "path", W | R),
    BOOL(iv_history, present, "present", W | R),
    BOOL(iv_history, complete, "complete", W | R),
    NUMBER(iv_history, event_count, "event_count", W | R),
    LIST(iv_history, packages, package_count, "packages", W, iv_package),
};

static const struct iv_field oem_input_fields[] = {
    STRING(iv_oem_input, path, "path", W | R),
    BOOL(iv_oem_input, present, "present", W | R),
    STRING(iv_oem_input, product, "product", W | R),
    STRING(iv_oem_input, soc, "soc", W | R),
    STRING(iv_oem_input, device, "device", W | R),
    STRING(iv_oem_input, release_type, "release_type", W | R),
    STRING(iv_oem_input, build_type, "build_type", W | R),
    STRINGS(iv_oem_input, package_files, package_file_count, "package_files", W | R),
    BOOL(iv_oem_input, has_features, "has_features", W),
    STRINGS(iv_oem_input, features, feature_count, "features", W | R),
    STRINGS(iv_oem_input, oem_features, oem_feature_count, "oem_features", W | R),
};

static const struct iv_field layout_partition_fields[] = {
    NUMBER(iv_layout_partition, store, "store", W | R | S),
    STRING(iv_layout_partition, name, "name", W | R | S),
    NUMBER(iv_layout_partition, size, "size", W | R | S),
    BOOL(iv_layout_partition, use_all_space, "use_all_space", W | R | S),
};

static const struct iv_field layout_fields[] = {
    BOOL(iv_layout, present, "present", W),
    STRING(iv_layout, path, "path", W | R),
    BOOL(iv_layout, from_manifest, "from_manifest", W | R | S),
    LIST(iv_layout, partitions, partition_count, "partitions", W | R | S, iv_layout_partition),
};

static const struct iv_field image_phase_fields[] = {
    NUMBER(iv_image_phase, first, "first", W | R),
    NUMBER(iv_image_phase, count, "count", W | R),
};

static const struct iv_field image_store_fields[] = {
    NUMBER(iv_image_store, index, "index", W | R),
    STRING(iv_image_store, version, "version", W | R),
    STRING(iv_image_store, flash_version, "flash_version", W | R),
    ENUM(iv_image_store, update_type, "update_type", W | R, iv_update_type, iv_update_type_names),
    STRING(iv_image_store, device_path, "device_path", W | R),
    STRING(iv_image_store, store_id, "store_id", W | R),
    BOOL(iv_image_store, main_os, "main_os", W | R),
    STRINGS(iv_image_store, platform_ids, platform_id_count, "platform_ids", W | R),
    NUMBER(iv_image_store, sector_size, "sector_size", W | R),
    NUMBER(iv_image_store, disk_size, "disk_size", W | R),
    NUMBER(iv_image_store, block_size, "block_size", W | R),
    NUMBER(iv_image_store, entry_count, "entry_count", W | R),
    NUMBER(iv_image_store, location_count, "location_count", W | R),
    NUMBER(iv_image_store, validation_count, "validation_count", W | R),
    NUMBER(iv_image_store, header_offset, "header_offset", W | R),
    NUMBER(iv_image_store, entry_offset, "entry_offset", W | R),
    NUMBER(iv_image_store, entry_size, "entry_size", W | R),
    NUMBER(iv_image_store, payload_offset, "payload_offset", W | R),
    NUMBER(iv_image_store, payload_size, "payload_size", W | R),
    NUMBER(iv_image_store, used, "used", W | R),
    STRUCT(iv_image_store, initial, "initial", W | R, iv_image_phase),
    STRUCT(iv_image_store, flash_only, "flash_only", W | R, iv_image_phase),
    STRUCT(iv_image_store, final, "final", W | R, iv_image_phase),
    STRING(iv_image_store, scheme, "scheme", W | R),
    STRING(iv_image_store, disk_id, "disk_id", W | R),
    BOOL(iv_image_store, readable, "readable", W | R),
};

static const struct iv_field image_partition_fields[] = {
    NUMBER(iv_image_partition, store, "store", W | R),
    NUMBER(iv_image_partition, number, "number", W | R),
    STRING(iv_image_partition, name, "name", W | R),
    STRING(iv_image_partition, type, "type", W | R),
    STRING(iv_image_partition, id, "id", W | R),
    NUMBER(iv_image_partition, attributes, "attributes", W),
    NUMBER(iv_image_partition, start, "start", W | R),
    NUMBER(iv_image_partition, size, "size", W | R),
    NUMBER(iv_image_partition, used, "used", W | R),
    STRING(iv_image_partition, file_system, "file_system", W | R),
    BOOL(iv_image_partition, readable, "readable", W | R),
    NUMBER(iv_image_partition, package_count, "package_count", W | R),
};

static const struct iv_field image_claim_fields[] = {
    NUMBER(iv_image_claim, store, "store", W | R),
    STRING(iv_image_claim, name, "name", W | R),
    STRING(iv_image_claim, type, "type", W | R),
    STRING(iv_image_claim, id, "id", W | R),
    STRING(iv_image_claim, file_system, "file_system", W | R),
    NUMBER(iv_image_claim, total_sectors, "total_sectors", W | R),
    NUMBER(iv_image_claim, used_sectors, "used_sectors", W | R),
    NUMBER(iv_image_claim, byte_alignment, "byte_alignment", W | R),
    NUMBER(iv_image_claim, cluster_size, "cluster_size", W | R),
    BOOL(iv_image_claim, use_all_space, "use_all_space", W | R),
    BOOL(iv_image_claim, read_only, "read_only", W | R),
    BOOL(iv_image_claim, hidden, "hidden", W | R),
    BOOL(iv_image_claim, bootable, "bootable", W | R),
    BOOL(iv_image_claim, required_to_flash, "required_to_flash", W | R),
};

static const struct iv_field image_signer_fields[] = {
    STRING(iv_image_signer, name, "name", W | R),
    STRING(iv_image_signer, organization, "organization", W | R),
    STRING(iv_image_signer, issuer, "issuer", W | R),
    STRING(iv_image_signer, digest, "digest", W | R),
    BOOL(iv_image_signer, certificate, "certificate", W | R),
    BOOL(iv_image_signer, verified, "verified", W | R),
};

static const struct iv_field image_hash_fields[] = {
    ENUM(iv_image_hash, state, "state", W | R, iv_hash_state, iv_hash_state_names),
    NUMBER(iv_image_hash, chunks, "chunks", W | R),
    NUMBER(iv_image_hash, entries, "entries", W | R),
    NUMBER(iv_image_hash, checked, "checked", W | R),
    NUMBER(iv_image_hash, mismatched, "mismatched", W | R),
    NUMBER(iv_image_hash, skipped, "skipped", W | R),
};

static const struct iv_field image_fields[] = {
    BOOL(iv_image, present, "present", W),
    STRING(iv_image, path, "path", W | R),
    STRING(iv_image, format, "format", W | R),
    NUMBER(iv_image, file_size, "file_size", W | R),
    NUMBER(iv_image, chunk_size, "chunk_size", W | R),
    NUMBER(iv_image, catalog_size, "catalog_size", W | R),
    NUMBER(iv_image, hash_table_size, "hash_table_size", W | R),
    NUMBER(iv_image, image_header_offset, "image_header_offset", W | R),
    NUMBER(iv_image, image_header_size, "image_header_size", W | R),
    NUMBER(iv_image, manifest_size, "manifest_size", W | R),
    STRINGS(iv_image, targeting, targeting_count, "targeting", W | R),
    BOOL(iv_image, truncated, "truncated", W | R),
    BOOL(iv_image, compressed, "compressed", W | R),
    NUMBER(iv_image, trailing_size, "trailing_size", W | R),
    STRING(iv_image, version, "version", W | R),
    STRING(iv_image, os_version, "os_version", W | R),
    STRING(iv_image, description, "description", W | R),
    STRING(iv_image, anti_theft_version, "anti_theft_version", W | R),
    STRING(iv_image, rules_version, "rules_version", W | R),
    STRING(iv_image, state_separation_level, "state_separation_level", W | R),
    BOOL(iv_image, removable_media, "removable_media", W | R),
    STRINGS(iv_image, platform_ids, platform_id_count, "platform_ids", W | R),
    LIST(iv_image, stores, store_count, "stores", W | R, iv_image_store),
    LIST(iv_image, claims, claim_count, "claims", W | R, iv_image_claim),
    LIST(iv_image, partitions, partition_count, "partitions", W | R, iv_image_partition),
    ENUM(iv_image, signature, "signature", W | R, iv_signature, iv_signature_names),
    LIST(iv_image, signers, signer_count, "signers", W | R, iv_image_signer),
    ENUM(iv_image, catalog_digest, "catalog_digest", W | R, iv_catalog_digest,
         iv_catalog_digest_names),
    STRUCT(iv_image, hash, "hash", W | R, iv_image_hash),
};

static const struct iv_field entries_fields[] = {
    NUMBER(iv_entries, of[IV_FATE_READ], "read", W | R),
    NUMBER(iv_entries, of[IV_FATE_REPORTED], "reported", W | R),
    NUMBER(iv_entries, of[IV_FATE_FOLDER], "folder", W | R),
    NUMBER(iv_entries, of[IV_FATE_LINK], "link", W | R),
    NUMBER(iv_entries, of[IV_FATE_SPECIAL], "special", W | R),
    NUMBER(iv_entries, of[IV_FATE_NAME], "name", W | R),
    NUMBER(iv_entries, of[IV_FATE_DOCUMENT], "document", W | R),
    NUMBER(iv_entries, of[IV_FATE_PAYLOAD], "payload", W | R),
    NUMBER(iv_entries, of[IV_FATE_REPLACED], "replaced", W | R),
    NUMBER(iv_entries, of[IV_FATE_LOG], "log", W | R),
    NUMBER(iv_entries, of[IV_FATE_OTHER], "other", W | R),
    NUMBER(iv_entries, of[IV_FATE_PLACE], "place", W | R),
    BOOL(iv_entries, is_cut, "is_cut", W | R),
};
static_assert(IV_COUNT(entries_fields) == IV_FATES + 1, "a row for each fate");

static const struct iv_field facts_fields[] = {
    LIST(iv_facts, packages, package_count, "packages", W, iv_package),
    LIST(iv_facts, data, datum_count, "data", W, iv_datum),
    LIST(iv_facts, imports, import_count, "imports", W, iv_answer_import),
    STRUCT(iv_facts, history, "history", W, iv_history),
    STRUCT(iv_facts, oem_input, "oem_input", W, iv_oem_input),
    STRUCT(iv_facts, layout, "layout", W, iv_layout),
    STRUCT(iv_facts, image, "image", W, iv_image),
    LIST(iv_facts, faults, fault_count, "faults", W, iv_fault),
    STRUCT(iv_facts, entries, "entries", W, iv_entries),
};

const struct iv_struct iv_package_struct = TABLE(iv_package, package_fields);
const struct iv_struct iv_package_file_struct = TABLE(iv_package_file, package_file_fields);
const struct iv_struct iv_flaw_struct = TABLE(iv_flaw, flaw_fields);
const struct iv_struct iv_sealed_file_struct = TABLE(iv_sealed_file, sealed_file_fields);
const struct iv_struct iv_seal_struct = TABLE(iv_seal, seal_fields);
const struct iv_struct iv_fault_struct = TABLE(iv_fault, fault_fields);
const struct iv_struct iv_datum_struct = TABLE(iv_datum, datum_fields);
const struct iv_struct iv_answer_import_struct = TABLE(iv_answer_import, import_fields);
const struct iv_struct iv_history_struct = TABLE(iv_history, history_fields);
const struct iv_struct iv_layout_struct = TABLE(iv_layout, layout_fields);
const struct iv_struct iv_layout_partition_struct =
    TABLE(iv_layout_partition, layout_partition_fields);
const struct iv_struct iv_oem_input_struct = TABLE(iv_oem_input, oem_input_fields);
const struct iv_struct iv_image_phase_struct = TABLE(iv_image_phase, image_phase_fields);
const struct iv_struct iv_image_store_struct = TABLE(iv_image_store, image_store_fields);
const struct iv_struct iv_image_partition_struct =
    TABLE(iv_image_partition, image_partition_fields);
const struct iv_struct iv_image_claim_struct = TABLE(iv_image_claim, image_claim_fields);
const struct iv_struct iv_image_signer_struct = TABLE(iv_image_signer, image_signer_fields);
const struct iv_struct iv_image_hash_struct = TABLE(iv_image_hash, image_hash_fields);
const struct iv_struct iv_image_struct = TABLE(iv_image, image_fields);
const struct iv_struct iv_entries_struct = TABLE(iv_entries, entries_fields);
const struct iv_struct iv_facts_struct = TABLE(iv_facts, facts_fields);

/* Linear: it is asked once for a row of a rule or a policy, not for each package. */
const struct iv_field *iv_field_find(const struct iv_struct *type, const char *name)
{
    for (size_t i = 0; i < type->field_count; i++) {
        if (strcmp(type->fields[i].name, name) == 0) {
            return &type->fields[i];
        }
    }
    return NULL;
}

const char *iv_field_string(const struct iv_field *field, const void *object)
{
    assert(field->type == IV_TYPE_STRING);
    return *(const char *const *)(const void *)((const char *)object + field->offset);
}
