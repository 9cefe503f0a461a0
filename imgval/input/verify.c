/*
 * How --verify reads a package. In one pass the bytes of each file go through the digests as they
 * come and are gone; kept are the digests, and the bytes of catalog and component manifests, which
 * say at the end what the digests should be. So it does not matter in which order the files lie,
 * and a package of gigabytes costs no more memory than a small one.
 *
 * Three sources of files (a cabinet, an extracted folder, the volume of an image) feed one
 * verifier: hand_begin(), hand_add() and hand_end() for each file, hand_drop() for one that could
 * not be read. finish() then compares: first the catalog's signature and which files it covers,
 * then the sizes and digests that the manifests claim. Each disagreement is a flaw of the seal, and
 * judge() makes one verdict on the content of them.
 *
 * Two things must not be mixed up. What is wrong with the package (damaged, changed, missing) is a
 * flaw. What kept us from looking (a limit, an unreadable disk) is a fault of the reading; it sets
 * is_part, and then nothing may be called missing, nor the package intact.
 */
#include "imgval/input/verify.h"

#include "imgval/base/text.h"
#include "imgval/input/component.h"
#include "imgval/input/coverage.h"
#include "imgval/input/known_roots.h"

#include <string.h>

/* Bytes of a file read at a time. */
#define READ_SIZE 131072u

/* One package in the middle of its pass. */
struct verifier {
    const struct iv_reader *r;
    struct iv_package *package;
    const struct iv_file_list *list;
    struct iv_cabinet *cabinet; /* or NULL */
    struct iv_seal *seal;
    struct iv_file_hash *hash;
    struct iv_covered_file *files;
    size_t count;
    struct iv_covered_file *hand; /* whose bytes come */
    struct iv_buf kept;           /* its bytes, if they are wanted: */
    bool keeps;
    const char *catalog_name;
    struct iv_buf catalog;
    bool has_catalog;
    struct iv_claims claims;
    bool is_damaged;
    bool is_installed; /* some files are no files any more: what is missing says nothing */
    bool is_part;      /* something was not read, for reasons that say nothing of the package */
};

/* ---------------------------------------------------------------------------------------- the seal
 */

static struct iv_seal *add_seal(const struct iv_reader *r, struct iv_package *package)
{
    package->seal = IV_NEW(r->arena, struct iv_seal);
    package->seal_count = 1;
    return package->seal;
}

void iv_verify_nothing(const struct iv_reader *r, struct iv_package *package, const char *why)
{
    (void)add_seal(r, package);
    if (why != NULL) {
        struct iv_fault fault = {.kind = IV_FAULT_UNSUPPORTED, .detail = why};
        iv_reader_package_fault(r, package, &fault, false);
    }
}

/* By the style of the package: CBS has the one, SPKG the other. */
static const char *const catalog_names[] = {"update.cat", "content.cat"};

static const char *catalog_name(const struct iv_package *package)
{
    return catalog_names[package->style == IV_STYLE_SPKG ? 1 : 0];
}

/* ---------------------------------------------------------------------------------- files as they
 * come */

/* The next file: only metadata files are kept. */
static void hand_begin(struct verifier *v, struct iv_covered_file *file)
{
    v->hand = file;
    v->keeps = file->state == IV_SEALED_CATALOG ||
               (v->package->style == IV_STYLE_CBS && iv_component_is(file->name));
    iv_buf_clear(&v->kept);
}

static void hand_add(struct verifier *v, const unsigned char *bytes, size_t size)
{
    iv_file_hash_add(v->hash, bytes, size);
    v->seal->bytes += size;
    if (v->keeps) {
        iv_buf_add(&v->kept, bytes, size);
    }
}

/* The digests that a component manifest of CBS claims for the files of its component. One that
 * cannot be read claims nothing, so the package is not known to be intact; it is a fault of the
 * package, whatever is asked of its device metadata. */
static void read_component(struct verifier *v)
{
    struct iv_document doc = {
        .path = v->package->path,
        .member = v->hand->name,
        .bytes = iv_buf_text(&v->kept),
        .size = v->kept.size,
    };
    struct iv_fault fault = {0};
    if (!iv_component_read(v->r, &doc, &v->claims, &fault)) {
        fault.member = doc.member;
        v->is_part = true;
        iv_reader_package_fault(v->r, v->package, &fault, false);
    }
}

/* The file in hand came whole. The catalog itself is not counted among the files of the seal. */
static void hand_end(struct verifier *v)
{
    iv_file_hash_end(v->hash, &v->hand->digests);
    v->hand->is_read = true;
    v->seal->file_count += v->hand->state == IV_SEALED_CATALOG ? 0 : 1;
    if (v->hand->state == IV_SEALED_CATALOG && v->keeps) {
        v->has_catalog = true;
        iv_buf_clear(&v->catalog);
        iv_buf_add(&v->catalog, iv_buf_text(&v->kept), v->kept.size);
    } else if (v->keeps) {
        read_component(v);
    }
}

/* The file in hand was lost half-way: the digests start anew, and is_read stays false. */
static void hand_drop(struct verifier *v)
{
    struct iv_file_digests unused;
    iv_file_hash_end(v->hash, &unused);
}

/* Whether a file whose bytes are to be kept has no more of them than a metadata file may have. */
static bool is_small(struct verifier *v, const char *name, uint64_t size)
{
    if (!v->keeps || size <= v->r->limits->metadata_size) {
        return true;
    }
    struct iv_fault fault = {
        .kind = IV_FAULT_LIMIT,
        .member = name,
        .detail = iv_reader_printf(v->r, "%llu bytes, the limit of a metadata file is %llu",
                                   (unsigned long long)size,
                                   (unsigned long long)v->r->limits->metadata_size),
    };
    iv_reader_package_fault(v->r, v->package, &fault, false);
    v->is_part = true;
    v->keeps = false;
    return false;
}

/* ---------------------------------------------------------------------------------------- after
 * all */

/* What the manifest says of sizes and digests. CBS is right about its payload alone: the sizes of
 * manifests and catalog are of an earlier state of them. */
static bool is_payload(const struct iv_package *package, const struct iv_package_file *file)
{
    if (package->style == IV_STYLE_CBS) {
        return !iv_ascii_isuffix(file->cab_path, ".mum") &&
               !iv_ascii_isuffix(file->cab_path, ".cat") &&
               !iv_ascii_isuffix(file->cab_path, ".manifest");
    }
    return !iv_ascii_ieq(file->type, "Manifest") && !iv_ascii_ieq(file->type, "Catalog") &&
           !iv_ascii_ieq(file->cab_path, IV_DSM_NAME) &&
           !iv_ascii_ieq(file->cab_path, catalog_names[1]);
}

/* By the name that manifests have for it; NULL: the package does not have it. The entries of a
 * cabinet stand in the order of its members, so the member found gives the place. */
static const struct iv_covered_file *find_file(const struct verifier *v, const char *name)
{
    if (v->cabinet != NULL) {
        size_t count;
        const struct iv_member *members = iv_cabinet_members(v->cabinet, &count);
        const struct iv_member *member = iv_cabinet_find(v->cabinet, name);
        return member == NULL ? NULL : &v->files[member - members];
    }
    for (size_t i = 0; i < v->count; i++) {
        if (iv_ascii_ieq(v->files[i].name, name)) {
            return &v->files[i];
        }
    }
    return NULL;
}

/* Sizes that the manifest states, against the bytes that came. */
static void check_sizes(struct verifier *v)
{
    for (size_t i = 0; i < v->list->count; i++) {
        const struct iv_package_file *file = &v->list->items[i];
        if (!file->has_size || file->cab_path == NULL || !is_payload(v->package, file)) {
            continue;
        }
        const struct iv_covered_file *found = find_file(v, file->cab_path);
        if (found != NULL && found->is_read && found->digests.size != file->size) {
            iv_seal_flaw(v->r, v->seal, IV_FLAW_DIFFERS, found->name,
                         "%s has %llu bytes, the manifest says %llu",
                         iv_reader_shown(v->r, found->name),
                         (unsigned long long)found->digests.size, (unsigned long long)file->size);
        }
    }
}

/*
 * A flaw: the file has another digest than `source` says. The size of a digest shows which it is.
 */
static void differs(struct verifier *v, const struct iv_covered_file *file, const char *source,
                    const unsigned char *said, size_t size)
{
    struct iv_buf is IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_buf hex IV_CLEANUP(iv_buf_fini) = {0};
    bool is_sha1 = size == IV_SHA1_SIZE;
    iv_hex_add(&is, is_sha1 ? file->digests.plain.sha1 : file->digests.plain.sha256, size);
    iv_hex_add(&hex, said, size);
    iv_seal_flaw(v->r, v->seal, IV_FLAW_DIFFERS, file->name, "%s has the %s %s, %s says %s",
                 iv_reader_shown(v->r, file->name), is_sha1 ? "SHA-1" : "SHA-256", iv_buf_text(&is),
                 source, iv_buf_text(&hex));
}

/* Digests that manifests state: first those of the component manifests, then those of the list. */
static void check_claims(struct verifier *v)
{
    for (size_t i = 0; i < v->claims.count; i++) {
        const struct iv_claim *claim = &v->claims.items[i];
        const struct iv_covered_file *file = find_file(v, claim->member);
        if (file == NULL || !file->is_read) {
            continue;
        }
        const unsigned char *is = claim->digest_size == IV_SHA1_SIZE ? file->digests.plain.sha1
                                                                     : file->digests.plain.sha256;
        if (memcmp(is, claim->digest, claim->digest_size) != 0) {
            differs(v, file, "its component manifest", claim->digest, claim->digest_size);
        }
    }
    for (size_t i = 0; i < v->list->count; i++) {
        const struct iv_package_file *listed = &v->list->items[i];
        unsigned char digest[IV_SHA256_SIZE];
        if (listed->hash == NULL || listed->cab_path == NULL || !is_payload(v->package, listed) ||
            !iv_hex_parse(listed->hash, digest, sizeof(digest))) {
            continue;
        }
        const struct iv_covered_file *file = find_file(v, listed->cab_path);
        if (file != NULL && file->is_read &&
            memcmp(file->digests.plain.sha256, digest, sizeof(digest)) != 0) {
            differs(v, file, "the package's manifest", digest, sizeof(digest));
        }
    }
}

/* The files of a package whose catalog says nothing of them. */
static void count_empty(struct verifier *v)
{
    for (size_t i = 0; i < v->count; i++) {
        if (v->files[i].is_read && v->files[i].state == IV_SEALED_NOT_READ) {
            v->files[i].state =
                v->files[i].digests.size == 0 ? IV_SEALED_EMPTY : IV_SEALED_NOT_COVERED;
        }
    }
}

/* Who signed the catalog, and with what right. */
static void check_signature(struct verifier *v, const struct iv_catalog *catalog)
{
    struct iv_seal *seal = v->seal;
    struct iv_signing signing = {
        .trust = v->r->verify->trust,
        .trust_size = v->r->verify->trust_size,
    };
    struct iv_signed by = {0};
    const char *why = NULL;
    signing.roots = iv_known_roots(&signing.root_count);
    const struct iv_signed_message message = {.bytes = iv_buf_text(&v->catalog),
                                              .size = v->catalog.size,
                                              .content = catalog->list.bytes,
                                              .content_size = catalog->list.size};
    if (!iv_signature_read(&message, &signing, v->r->arena, &by, &why)) {
        seal->signature = IV_SIGNATURE_INVALID;
        iv_seal_flaw(v->r, seal, IV_FLAW_SIGNATURE, v->catalog_name,
                     "the signature of %s cannot be read: %s", v->catalog_name, why);
        return;
    }
    seal->signature = by.signer_count == 0 ? IV_SIGNATURE_NONE
                      : by.why != NULL     ? IV_SIGNATURE_INVALID
                                           : IV_SIGNATURE_VALID;
    seal->root = iv_known_roots_judge(&by);
    seal->signer = by.signer;
    seal->organization = by.organization;
    seal->root_name = by.end_name;
    seal->digest = by.digest;
    seal->weak = by.weak;
    seal->stamp = by.stamp;
    seal->stamp_signer = by.stamp_signer;
    seal->chain = by.chain;
    seal->chain_count = by.chain_count;
    if (by.why != NULL) {
        iv_seal_flaw(v->r, seal, IV_FLAW_SIGNATURE, v->catalog_name,
                     "the signature of %s by %s is not valid: %s", v->catalog_name,
                     by.signer == NULL ? "an unknown signer" : by.signer, by.why);
    }
}

/* The catalog's signature, and whether it covers the files. A catalog that is missing because part
 * of the package could not be read is no flaw of the package. */
static void check_catalog(struct verifier *v)
{
    struct iv_catalog catalog;
    const char *why = NULL;
    if (!v->has_catalog) {
        count_empty(v);
        if (!v->is_damaged && !v->is_part) {
            iv_seal_flaw(v->r, v->seal, IV_FLAW_NO_CATALOG, v->catalog_name,
                         "the package has no catalog %s: nothing vouches for its files",
                         v->catalog_name);
        }
        return;
    }
    if (!iv_catalog_read(iv_buf_text(&v->catalog), v->catalog.size, v->r->arena, &catalog, &why)) {
        count_empty(v);
        iv_seal_flaw(v->r, v->seal, IV_FLAW_SIGNATURE, v->catalog_name,
                     "the catalog %s cannot be read: %s", v->catalog_name, why);
        return;
    }
    check_signature(v, &catalog);
    iv_coverage_check(v->r, &catalog, v->files, v->count,
                      !v->is_damaged && !v->is_part && !v->is_installed, v->seal);
}

static bool has_flaw(const struct iv_seal *seal, enum iv_flaw_kind kind)
{
    for (size_t i = 0; i < seal->flaw_count; i++) {
        if (seal->flaws[i].kind == kind) {
            return true;
        }
    }
    return false;
}

/*
 * One word for the content, the worst first. An invalid signature says nothing about the files and
 * is reported by itself; but with version 0 the catalog could not be parsed, or has members of an
 * unknown type, so that nothing vouches for them.
 */
static enum iv_content judge(const struct verifier *v)
{
    const struct iv_seal *seal = v->seal;
    if (has_flaw(seal, IV_FLAW_DAMAGED)) {
        return IV_CONTENT_DAMAGED;
    }
    if (has_flaw(seal, IV_FLAW_NOT_COVERED) || has_flaw(seal, IV_FLAW_MISSING) ||
        has_flaw(seal, IV_FLAW_DIFFERS) || has_flaw(seal, IV_FLAW_NO_CATALOG) ||
        (seal->version == 0 && has_flaw(seal, IV_FLAW_SIGNATURE))) {
        return IV_CONTENT_NOT_COVERED;
    }
    return v->is_part ? IV_CONTENT_NOT_CHECKED : IV_CONTENT_INTACT;
}

/* For inspect: each file with its state and digest. */
static void keep_files(const struct verifier *v)
{
    struct iv_arena *arena = v->r->arena;
    v->seal->files = IV_NEW_ARRAY(arena, struct iv_sealed_file, v->count);
    v->seal->sealed_count = v->count;
    for (size_t i = 0; i < v->count; i++) {
        const struct iv_covered_file *file = &v->files[i];
        struct iv_buf hex IV_CLEANUP(iv_buf_fini) = {0};
        iv_hex_add(&hex, file->digests.plain.sha256, IV_SHA256_SIZE);
        v->seal->files[i] = (struct iv_sealed_file){
            .path = iv_arena_strdup(arena, file->name),
            .state = file->state,
            .digest = file->is_read ? iv_arena_strdup(arena, iv_buf_text(&hex)) : NULL,
            .size = file->digests.size,
        };
    }
}

static void finish(struct verifier *v)
{
    check_catalog(v);
    check_sizes(v);
    check_claims(v);
    v->seal->content = judge(v);
    if (v->r->want_files) {
        keep_files(v);
    }
    iv_buf_fini(&v->kept);
    iv_buf_fini(&v->catalog);
    iv_file_hash_close(&v->hash);
}

/* -----------------------------------------------------------------------------------------
 * cabinets */

static struct iv_covered_file *file_of(struct verifier *v, const struct iv_member *member)
{
    size_t count;
    return &v->files[member - iv_cabinet_members(v->cabinet, &count)];
}

static void on_begin(void *context, const struct iv_member *member)
{
    struct verifier *v = context;
    hand_begin(v, file_of(v, member));
    (void)is_small(v, member->name, member->size);
}

static void on_bytes(void *context, const unsigned char *bytes, size_t size)
{
    hand_add(context, bytes, size);
}

static void on_end(void *context, const struct iv_member *member)
{
    (void)member;
    hand_end(context);
}

static void on_lost(void *context, const struct iv_member *member)
{
    (void)member;
    hand_drop(context);
}

/* A limit or an unreadable file keeps us from looking; only malformed data are damage of the
 * package. */
static void on_damaged(void *context, const struct iv_fault *fault)
{
    struct verifier *v = context;
    if (fault->kind != IV_FAULT_MALFORMED) {
        struct iv_fault placed = *fault;
        v->is_part = true;
        iv_reader_package_fault(v->r, v->package, &placed, false);
        return;
    }
    v->is_damaged = true;
    if (fault->member == NULL) {
        iv_seal_flaw(v->r, v->seal, IV_FLAW_DAMAGED, NULL, "%s", fault->detail);
    } else {
        iv_seal_flaw(v->r, v->seal, IV_FLAW_DAMAGED, fault->member, "%s: %s",
                     iv_reader_shown(v->r, fault->member), fault->detail);
    }
}

void iv_verify_cabinet(const struct iv_reader *r, struct iv_cabinet *cabinet,
                       const struct iv_file_list *list, struct iv_package *package)
{
    size_t count;
    const struct iv_member *members = iv_cabinet_members(cabinet, &count);
    struct verifier v = {
        .r = r,
        .package = package,
        .list = list,
        .cabinet = cabinet,
        .seal = add_seal(r, package),
        .hash = iv_file_hash_open(),
        .files = IV_NEW_ARRAY(r->scratch, struct iv_covered_file, count),
        .count = count,
        .catalog_name = catalog_name(package),
    };

    const struct iv_member *catalog = iv_cabinet_find(cabinet, v.catalog_name);
    for (size_t i = 0; i < count; i++) {
        v.files[i].name = members[i].name;
        v.files[i].is_read = members[i].size == 0; /* nobody brings its bytes */
        v.files[i].state = &members[i] == catalog ? IV_SEALED_CATALOG : IV_SEALED_NOT_READ;
        v.seal->file_count += v.files[i].is_read ? 1 : 0;
    }

    const struct iv_member_sink sink = {
        .begin = on_begin,
        .bytes = on_bytes,
        .end = on_end,
        .lost = on_lost,
        .damaged = on_damaged,
        .context = &v,
    };
    iv_cabinet_stream(cabinet, &sink);
    v.has_catalog = v.has_catalog || (catalog != NULL && catalog->size == 0);
    finish(&v);
}

/* ------------------------------------------------------------------------------- extracted
 * packages */

/* All bytes of an open file through the digests. False with *ret_fault set. Files that are kept
 * have a limit, and one that outgrows it while it is read is kept no further. */
static bool read_through(struct verifier *v, const struct iv_opened *file,
                         struct iv_fault *ret_fault)
{
    unsigned char *bytes = iv_arena_alloc(v->r->scratch, READ_SIZE);
    uint64_t at = 0;
    for (;;) {
        int64_t got = iv_opened_read_at(file, bytes, READ_SIZE, at, ret_fault);
        if (got < 0) {
            return false;
        }
        at += (uint64_t)got;
        if (!is_small(v, v->hand->name, at)) {
            iv_buf_clear(&v->kept);
        }
        hand_add(v, bytes, (size_t)got);
        if ((uint64_t)got < READ_SIZE) {
            return iv_opened_check(file, ret_fault);
        }
    }
}

/* One file of an extracted package. One that is not there is missing, except the catalog, whose
 * absence is reported as such. */
static void read_loose(struct verifier *v, iv_verify_open_fn *open, const void *context,
                       const struct iv_package_file *listed, struct iv_covered_file *file)
{
    struct iv_fault fault = {0};
    struct iv_opened opened IV_CLEANUP(iv_opened_close) = IV_OPENED_NONE;
    bool is_open = open(context, listed, &opened, &fault);
    hand_begin(v, file);
    struct iv_arena_mark mark = iv_arena_mark(v->r->scratch);
    if (is_open && read_through(v, &opened, &fault)) {
        iv_arena_reset(v->r->scratch, mark);
        hand_end(v);
        return;
    }
    iv_arena_reset(v->r->scratch, mark);
    hand_drop(v);
    if (fault.kind != IV_FAULT_NONE) {
        fault.member = file->name;
        v->is_part = true;
        iv_reader_package_fault(v->r, v->package, &fault, false);
    } else if (file->state == IV_SEALED_NOT_READ) {
        iv_seal_flaw(v->r, v->seal, IV_FLAW_MISSING, file->name,
                     "%s is listed by the manifest and is not there",
                     iv_reader_shown(v->r, file->name));
    }
}

/* The manifest and the catalog belong to the package even where the manifest does not list them. */
static void add_own(const struct iv_reader *r, const struct iv_package *package,
                    struct iv_file_list *list)
{
    const char *const names[] = {
        package->style == IV_STYLE_SPKG ? IV_DSM_NAME : IV_MUM_NAME,
        catalog_name(package),
    };
    for (size_t i = 0; i < IV_COUNT(names); i++) {
        bool listed = false;
        for (size_t k = 0; k < list->count && !listed; k++) {
            listed = iv_ascii_ieq(list->items[k].cab_path, names[i]);
        }
        if (!listed) {
            struct iv_package_file own = {.path = names[i], .cab_path = names[i]};
            iv_file_list_add(r, list, &own);
        }
    }
}

void iv_verify_loose(const struct iv_reader *r, iv_verify_open_fn *open, const void *context,
                     const struct iv_file_list *list, struct iv_package *package)
{
    struct iv_file_list all = {0};
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i].cab_path != NULL) {
            iv_file_list_add(r, &all, &list->items[i]);
        }
    }
    add_own(r, package, &all);
    struct verifier v = {
        .r = r,
        .package = package,
        .list = &all,
        .seal = add_seal(r, package),
        .hash = iv_file_hash_open(),
        .files = IV_NEW_ARRAY(r->scratch, struct iv_covered_file, all.count),
        .count = all.count,
        .catalog_name = catalog_name(package),
    };
    for (size_t i = 0; i < all.count; i++) {
        struct iv_covered_file *file = &v.files[i];
        file->name = all.items[i].cab_path;
        file->state =
            iv_ascii_ieq(file->name, v.catalog_name) ? IV_SEALED_CATALOG : IV_SEALED_NOT_READ;
        read_loose(&v, open, context, &all.items[i], file);
    }
    finish(&v);
}

/* -------------------------------------------------------------------------------- installed
 * packages */

#define CATALOG_FOLDER "\\Windows\\System32\\catroot\\{F750E6C3-38EE-11D1-85E5-00C04FC295EE}\\"

/* Where a device has the catalogs of packages; the file is named after the package. */
static bool is_catalog_place(const char *device_path)
{
    return iv_ascii_ifind(device_path, "\\catroot\\") != NULL &&
           iv_ascii_isuffix(device_path, ".cat");
}

/* Which of the listed files is the catalog: SPKG says so, CBS shows it by name and place. */
static bool is_package_catalog(const struct iv_package *package, const struct iv_package_file *file)
{
    return package->style == IV_STYLE_SPKG
               ? iv_ascii_ieq(file->type, "Catalog")
               : is_catalog_place(file->path) && iv_ascii_ieq(file->cab_path, catalog_names[0]);
}

/* One file of a device, read through the volume it lies on. One that is not there is passed over:
 * what was not installed as a file (registry, binary partitions) says nothing. */
static void read_installed(struct verifier *v, const struct iv_installed *installed,
                           struct iv_covered_file *file)
{
    struct iv_buf buf IV_CLEANUP(iv_buf_fini) = {0};
    struct iv_fault fault = {0};
    if (!installed->read(installed->context, file->name, v->r->limits->image_files, &buf, &fault)) {
        if (fault.kind != IV_FAULT_NONE) {
            fault.member = file->name;
            v->is_part = true;
            iv_reader_package_fault(v->r, v->package, &fault, false);
        }
        return;
    }
    hand_begin(v, file);
    if (is_small(v, file->name, buf.size)) {
        hand_add(v, (const unsigned char *)iv_buf_text(&buf), buf.size);
        hand_end(v);
    }
}

void iv_verify_installed(const struct iv_reader *r, const struct iv_installed *installed,
                         const struct iv_file_list *list, struct iv_package *package)
{
    struct verifier v = {
        .r = r,
        .package = package,
        .list = list,
        .seal = add_seal(r, package),
        .hash = iv_file_hash_open(),
        .files = IV_NEW_ARRAY(r->scratch, struct iv_covered_file, list->count + 1),
        .is_installed = true,
        .catalog_name = catalog_name(package),
    };
    bool has_place = false;
    for (size_t i = 0; i < list->count; i++) {
        const struct iv_package_file *listed = &list->items[i];
        /* CBS manifests are kept in another form on a device, DSMs may be. */
        bool is_manifest = iv_ascii_ieq(listed->type, "Manifest") ||
                           iv_ascii_isuffix(listed->path, ".mum") ||
                           iv_ascii_isuffix(listed->path, ".manifest");
        if (*listed->path == '\0' || is_manifest) {
            continue;
        }
        struct iv_covered_file *file = &v.files[v.count++];
        file->name = listed->path;
        if (is_package_catalog(package, listed)) {
            file->state = IV_SEALED_CATALOG;
            v.catalog_name = listed->path;
            has_place = true;
        }
        read_installed(&v, installed, file);
    }
    if (!has_place) { /* early manifests do not list it */
        struct iv_covered_file *file = &v.files[v.count++];
        v.catalog_name = iv_arena_printf(r->scratch, CATALOG_FOLDER "%s.cat", package->name);
        *file = (struct iv_covered_file){.name = v.catalog_name, .state = IV_SEALED_CATALOG};
        read_installed(&v, installed, file);
    }
    finish(&v);
}

/* --------------------------------------------------------------------------------- catalogs alone
 */

/* What a catalog that lies by itself lists: each digest, with the file name that it may have for
 * it. */
static void list_members(const struct iv_reader *r, const struct iv_catalog *catalog,
                         struct iv_seal *seal)
{
    struct iv_der at = catalog->members;
    struct iv_catalog_member member;
    seal->files = IV_NEW_ARRAY(r->arena, struct iv_sealed_file, catalog->member_count);
    while (seal->sealed_count < catalog->member_count && iv_catalog_next(&at, &member)) {
        struct iv_der digest = member.digest.size > 0 ? member.digest : member.tag;
        struct iv_buf hex IV_CLEANUP(iv_buf_fini) = {0};
        iv_hex_add(&hex, digest.bytes, digest.size);
        const char *name = iv_catalog_value(member.attributes, "File", r->arena);
        seal->files[seal->sealed_count++] = (struct iv_sealed_file){
            .path = name == NULL ? "-" : name,
            .state = IV_SEALED_LISTED,
            .digest = iv_arena_strdup(r->arena, iv_buf_text(&hex)),
        };
    }
}

void iv_verify_catalog(const struct iv_reader *r, const struct iv_buf *bytes,
                       struct iv_package *package)
{
    struct verifier v = {
        .r = r,
        .package = package,
        .seal = add_seal(r, package),
        .catalog_name = iv_reader_last_part(package->path),
    };
    struct iv_catalog catalog;
    const char *why = NULL;
    iv_buf_add(&v.catalog, iv_buf_text(bytes), bytes->size);
    if (iv_catalog_read(iv_buf_text(&v.catalog), v.catalog.size, r->arena, &catalog, &why)) {
        v.seal->version = (uint64_t)catalog.version;
        check_signature(&v, &catalog);
        list_members(r, &catalog, v.seal);
    } else {
        struct iv_fault fault = {.kind = IV_FAULT_MALFORMED, .detail = why};
        iv_reader_package_fault(r, package, &fault, true);
    }
    iv_buf_fini(&v.catalog);
}
