/* Checkpoints inside the library: files in a folder, manifests, tensors, and terms.
 *
 * A checkpoint is identified by its step. It exists if its manifest exists and all checksums are
 * correct.
 */
#ifndef EBBI_CHECKPOINT_H
#define EBBI_CHECKPOINT_H

#include "base/json.h"
#include "train/train.h"

#include <ebb/checkpoint.h>

/* ---- what changes while a training goes on, except the tensors: checkpoint_state.c ---- */

typedef struct ebbi_snapshot {
  ebb_state state; /* except its schedule, which follows from the next line */
  ebbi_schedule schedule;
  ebbi_plateau plateau;
  ebbi_best best;
  size_t good_epoch, run_first;
  bool parked;
  ebbi_lbfgs_memory lbfgs;
} ebbi_snapshot;

/* Writes all of it, bit by bit as texts, into the open JSON object. */
void ebbi_snapshot_put(ebbi_json *json, const ebbi_snapshot *snapshot);

/* Reads the fields of this version of the format; fields that are not stored stay unchanged.
 * Returns false if a field is missing or invalid; `*wrong` is its name. */
bool ebbi_snapshot_from_json(ebbi_snapshot *snapshot, const char **wrong, const json_t *object,
                             int version);

/* Returns true if the trainer can be in this state. */
bool ebbi_snapshot_is_possible(const ebbi_snapshot *snapshot, const ebb_trainer *trainer);

/* ---- terms that must be equal to resume a training: checkpoint_terms.c ---- */

/* Lists network, options, precision and data by name; release it with json_decref. */
ebb_status ebbi_terms_of(json_t **out, const ebb_trainer *trainer);

/* Errors: EBB_ERR_ARGUMENT: `path: belongs to another training: ...`, with all differences. */
ebb_status ebbi_terms_compare(const char *path, json_t *saved, json_t *here);

/* ---- the files of a folder: checkpoint_folder.c ---- */

/* Each step has two possible tensor files. A checkpoint that replaces one of the same step uses the
 * other file, so that the old checkpoint stays valid until the new manifest is in place. */
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

/* Returns `folder/name`; NULL if out of memory. */
char *ebbi_checkpoint_path(const char *folder, const char *name);

/* Creates a folder and its missing parents.
 * Errors: EBB_ERR_OUTPUT, EBB_ERR_MEMORY. */
ebb_status ebbi_checkpoint_folder_make(const char *folder);

/* Lists all plain files of the folder that have a checkpoint's name.
 * Errors: EBB_ERR_INPUT, EBB_ERR_MEMORY. */
ebb_status ebbi_checkpoint_list_make(ebbi_checkpoint_list *out, const char *folder);
void ebbi_checkpoint_list_free(ebbi_checkpoint_list *list);

/* Reads a plain file of at most `limit` bytes; (*bytes)[*size] is 0, and the caller frees *bytes.
 * Errors: EBB_ERR_INPUT, EBB_ERR_MEMORY. */
ebb_status ebbi_checkpoint_read(char **bytes, size_t *size, const char *path, uint64_t limit);

/* Computes the hash of a plain file that must have this size, without keeping it in memory.
 * Errors: EBB_ERR_INPUT, EBB_ERR_MEMORY. */
ebb_status ebbi_checkpoint_hash(ebbi_hash *hash, const char *path, uint64_t size);

/* ---- manifests: checkpoint_manifest.c ---- */

enum { EBBI_HASH_TEXT = 33, EBBI_EXTRA_LIMIT = 1 << 20 };

typedef struct ebbi_manifest {
  json_t *body; /* of a parsed manifest: owns terms and extra */
  json_t *terms;
  const char *extra; /* NULL: none */
  ebbi_snapshot snapshot;
  ebbi_checkpoint_kind tensors; /* which tensor file it uses */
  uint64_t bytes;               /* size of that file */
  char hash[EBBI_HASH_TEXT];    /* and its checksum */
} ebbi_manifest;

/* Checks that a manifest can store this text (may be NULL).  Errors: EBB_ERR_ARGUMENT. */
ebb_status ebbi_manifest_check_extra(const char *extra);

/* Errors: EBB_ERR_OUTPUT, EBB_ERR_MEMORY. */
ebb_status ebbi_manifest_write(const ebbi_manifest *manifest, const char *folder);

/* Reads and checks a manifest without its tensor file. Free it after success.
 * Errors: EBB_ERR_INPUT (damaged), EBB_ERR_UNSUPPORTED (a later version), EBB_ERR_MEMORY. */
ebb_status ebbi_manifest_read(ebbi_manifest *out, const char *folder, uint64_t step);
void ebbi_manifest_free(ebbi_manifest *manifest);

const char *ebbi_manifest_spec(const ebbi_manifest *manifest);

static inline uint64_t ebbi_manifest_step(const ebbi_manifest *manifest) {
  return manifest->snapshot.state.done;
}

/* Returns the path of its tensor file; NULL if out of memory. */
char *ebbi_manifest_tensors(const ebbi_manifest *manifest, const char *folder);

/* Checks that the tensor file is, to the last bit, the one that was written.
 * Errors: EBB_ERR_INPUT, EBB_ERR_MEMORY. */
ebb_status ebbi_manifest_check_tensors(const ebbi_manifest *manifest, const char *folder);

/* ---- tensors: checkpoint_tensors.c ---- */

/* Writes the tensors, and returns the file's size and hash as computed before writing.
 * Errors: EBB_ERR_NUMBERS (a weight is not finite), EBB_ERR_DEVICE, EBB_ERR_OUTPUT, EBB_ERR_MEMORY.
 */
ebb_status ebbi_checkpoint_tensors_write(uint64_t *bytes, ebbi_hash *hash,
                                         const ebb_trainer *trainer, const char *path);

/* Reads the tensors of a trainer like this one, then uploads them to the places that
 * trainer->parked implies.
 * Errors: EBB_ERR_INPUT (the device's tensors are unchanged), EBB_ERR_DEVICE, EBB_ERR_MEMORY. */
ebb_status ebbi_checkpoint_tensors_take(ebb_trainer *trainer, const char *path);

/* ---- choice of checkpoints: checkpoint_find.c, checkpoint_keep.c ---- */

/* The newest intact checkpoint. */
typedef struct ebbi_found {
  ebbi_manifest manifest;
  char *path;    /* of the manifest */
  char *damaged; /* newer ones that are damaged, one a line; "" if none */
} ebbi_found;

/* Finds the newest intact checkpoint. One with other terms (may be NULL) is an error and is not
 * skipped. Free `out` in every case.
 * Errors: EBB_ERR_INPUT (none is intact), EBB_ERR_ARGUMENT (other terms), EBB_ERR_UNSUPPORTED,
 * EBB_ERR_MEMORY. */
ebb_status ebbi_checkpoint_find(ebbi_found *out, const char *folder, json_t *terms);
void ebbi_found_free(ebbi_found *found);

/* Determines which checkpoints may stay beside one of this step: the intact earlier ones. Fails if
 * there is a checkpoint of another training or of a later step, unless it is damaged.
 * Errors: EBB_ERR_ARGUMENT, EBB_ERR_UNSUPPORTED, EBB_ERR_MEMORY. */
ebb_status ebbi_checkpoint_judge(ebbi_checkpoint_list *list, uint64_t step, json_t *terms);

/* Returns the tensor file of this step that no intact checkpoint uses. */
ebbi_checkpoint_kind ebbi_checkpoint_free_tensors(const ebbi_checkpoint_list *list, uint64_t step);

/* Removes all checkpoints except the newest `keep`, including the one just written.
 * Errors: EBB_ERR_OUTPUT. */
ebb_status ebbi_checkpoint_prune(ebbi_checkpoint_list *list, const ebbi_manifest *written,
                                 size_t keep);

#endif
