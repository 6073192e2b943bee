/* Checkpoints inside the library: files in a folder, manifests, tensors, and what must be the same.
 *
 * A checkpoint is known by its steps. It exists when its manifest does and all checksums hold.
 */
#ifndef EBBI_CHECKPOINT_H
#define EBBI_CHECKPOINT_H

#include "base/json.h"
#include "train/train.h"

#include <ebb/checkpoint.h>

/* ---- what changes while a training goes on, except the tensors: checkpoint_state.c ---- */

typedef struct ebbi_snapshot {
  ebb_state state;
  ebbi_best best;
  size_t good_epoch, run_first;
  bool parked;
} ebbi_snapshot;

/* Puts every bit of it, as texts, into the object that is open. */
void ebbi_snapshot_put(ebbi_json *json, const ebbi_snapshot *snapshot);

/* Reads what this version of the format has; what is not kept is left as it is. False: a field is
 * missing or is no such number; `*wrong` has its name. */
bool ebbi_snapshot_from_json(ebbi_snapshot *snapshot, const char **wrong, const json_t *object,
                             int version);

/* Whether the trainer can be in that state. */
bool ebbi_snapshot_is_possible(const ebbi_snapshot *snapshot, const ebb_trainer *trainer);

/* ---- what must be the same for a training to go on: checkpoint_terms.c ---- */

/* Network, options, precision and data, by name; the caller ends it by json_decref. */
ebb_status ebbi_terms_of(json_t **out, const ebb_trainer *trainer);

/* Errors: EBB_ERR_ARGUMENT: `path: is of another training: ...`, with all that differs. */
ebb_status ebbi_terms_compare(const char *path, json_t *saved, json_t *here);

/* ---- the files of a folder: checkpoint_folder.c ---- */

/* A checkpoint that replaces one of the same step has its tensors in the other of two files: until
 * the new manifest is in place, the old one still has its own. */
typedef enum ebbi_checkpoint_kind {
  EBBI_MANIFEST,
  EBBI_TENSORS,
  EBBI_OTHER_TENSORS,
  EBBI_CHECKPOINT_KINDS
} ebbi_checkpoint_kind;

enum { EBBI_CHECKPOINT_NAME = 48 };

typedef struct ebbi_checkpoint_file {
  char name[EBBI_CHECKPOINT_NAME];
  uint64_t step;
  ebbi_checkpoint_kind kind;
  bool stays;
} ebbi_checkpoint_file;

typedef struct ebbi_checkpoint_list {
  char *folder;
  size_t count;
  ebbi_checkpoint_file *files; /* the latest step first */
} ebbi_checkpoint_list;

void ebbi_checkpoint_name(char name[EBBI_CHECKPOINT_NAME], uint64_t step,
                          ebbi_checkpoint_kind kind);

/* `folder/name`; NULL: no memory. */
char *ebbi_checkpoint_path(const char *folder, const char *name);

/* Makes a folder and what is missing above it.  Errors: EBB_ERR_OUTPUT, EBB_ERR_MEMORY. */
ebb_status ebbi_checkpoint_folder_make(const char *folder);

/* All plain files of the folder whose names are those of checkpoints.
 * Errors: EBB_ERR_INPUT, EBB_ERR_MEMORY. */
ebb_status ebbi_checkpoint_list_make(ebbi_checkpoint_list *out, const char *folder);
void ebbi_checkpoint_list_free(ebbi_checkpoint_list *list);

/* Reads a plain file of at most `limit` bytes; (*bytes)[*size] is 0, and the caller frees *bytes.
 * Errors: EBB_ERR_INPUT, EBB_ERR_MEMORY. */
ebb_status ebbi_checkpoint_read(char **bytes, size_t *size, const char *path, uint64_t limit);

/* The hash of a plain file that must have so many bytes; it is not kept in memory.
 * Errors: EBB_ERR_INPUT, EBB_ERR_MEMORY. */
ebb_status ebbi_checkpoint_hash(ebbi_hash *hash, const char *path, uint64_t size);

/* ---- manifests: checkpoint_manifest.c ---- */

enum { EBBI_HASH_TEXT = 33, EBBI_EXTRA_LIMIT = 1 << 20 };

typedef struct ebbi_manifest {
  json_t *body; /* when it has been read: owns terms and extra */
  json_t *terms;
  const char *extra; /* NULL: none */
  ebbi_snapshot snapshot;
  ebbi_checkpoint_kind tensors; /* which file has them */
  uint64_t bytes;               /* its size */
  char hash[EBBI_HASH_TEXT];    /* and checksum */
} ebbi_manifest;

/* Checks that a manifest can have this text (may be NULL).  Errors: EBB_ERR_ARGUMENT. */
ebb_status ebbi_manifest_check_extra(const char *extra);

/* Errors: EBB_ERR_OUTPUT, EBB_ERR_MEMORY. */
ebb_status ebbi_manifest_write(const ebbi_manifest *manifest, const char *folder);

/* Reads and checks a manifest; its tensor file is not looked at. Free it after success.
 * Errors: EBB_ERR_INPUT (damaged), EBB_ERR_UNSUPPORTED (a later version), EBB_ERR_MEMORY. */
ebb_status ebbi_manifest_read(ebbi_manifest *out, const char *folder, uint64_t step);
void ebbi_manifest_free(ebbi_manifest *manifest);

const char *ebbi_manifest_spec(const ebbi_manifest *manifest);

static inline uint64_t ebbi_manifest_step(const ebbi_manifest *manifest) {
  return manifest->snapshot.state.done;
}

/* The path of its tensor file; NULL: no memory. */
char *ebbi_manifest_tensors(const ebbi_manifest *manifest, const char *folder);

/* Checks that the tensor file is, to the last bit, the one that was written.
 * Errors: EBB_ERR_INPUT, EBB_ERR_MEMORY. */
ebb_status ebbi_manifest_check_tensors(const ebbi_manifest *manifest, const char *folder);

/* ---- tensors: checkpoint_tensors.c ---- */

/* Gives size and hash of the file as they are known before it is written.
 * Errors: EBB_ERR_NUMBERS (a weight is not finite), EBB_ERR_DEVICE, EBB_ERR_OUTPUT, EBB_ERR_MEMORY.
 */
ebb_status ebbi_checkpoint_tensors_write(uint64_t *bytes, ebbi_hash *hash,
                                         const ebb_trainer *trainer, const char *path);

/* Reads the tensors of a trainer like this one, then brings them to the device: to where this one
 * keeps them, by trainer->parked. Errors: EBB_ERR_INPUT: the device's are unchanged;
 * EBB_ERR_DEVICE, EBB_ERR_MEMORY. */
ebb_status ebbi_checkpoint_tensors_take(ebb_trainer *trainer, const char *path);

/* ---- which checkpoints: checkpoint_find.c, checkpoint_keep.c ---- */

/* The newest good one. */
typedef struct ebbi_found {
  ebbi_manifest manifest;
  char *path;    /* of the manifest */
  char *damaged; /* newer ones, a line each; "" */
} ebbi_found;

/* One of other terms (may be NULL) fails at once: it is not passed over. Free it in every case.
 * Errors: EBB_ERR_INPUT (none is good), EBB_ERR_ARGUMENT (other terms), EBB_ERR_UNSUPPORTED,
 * EBB_ERR_MEMORY. */
ebb_status ebbi_checkpoint_find(ebbi_found *out, const char *folder, json_t *terms);
void ebbi_found_free(ebbi_found *found);

/* Which checkpoints could stay beside one of this step: the good ones before it. Fails where there
 * is one of another training or of a later step, unless it is damaged.
 * Errors: EBB_ERR_ARGUMENT, EBB_ERR_UNSUPPORTED, EBB_ERR_MEMORY. */
ebb_status ebbi_checkpoint_judge(ebbi_checkpoint_list *list, uint64_t step, json_t *terms);

/* The tensor file of this step that nothing good needs. */
ebbi_checkpoint_kind ebbi_checkpoint_free_tensors(const ebbi_checkpoint_list *list, uint64_t step);

/* Removes all but the newest `keep`, the one just written among them.  Errors: EBB_ERR_OUTPUT. */
ebb_status ebbi_checkpoint_prune(ebbi_checkpoint_list *list, const ebbi_manifest *written,
                                 size_t keep);

#endif
