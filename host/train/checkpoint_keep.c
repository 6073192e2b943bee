/* Decides which of a folder's checkpoints stay when one is added.
 *
 * Nothing of another training is removed, and nothing is written where it could be mistaken for
 * part of one. Older checkpoints are removed after the new one has been written and read back:
 * first their manifests, then their tensors. Files left by an interruption thus belong to no
 * checkpoint and are removed next time. Older checkpoints are not checked to the last bit here,
 * since that means reading all of them; ebb_trainer_resume does it.
 */
#include "base/error.h"
#include "checkpoint.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* *out: the tensor file exists in its full size. */
static ebb_status has_tensors(bool *out, const ebbi_manifest *manifest, const char *folder) {
  struct stat about;
  char *path = ebbi_manifest_tensors(manifest, folder);
  REQUIRE(path, EBB_ERR_MEMORY, "%s: no memory for a path", folder);
  *out = stat(path, &about) == 0 && S_ISREG(about.st_mode) &&
         (uint64_t)about.st_size == manifest->bytes;
  free(path);
  return EBB_OK;
}

/* A later step shows that the folder belongs to another course of the training, unless it is
 * damaged and the training was therefore resumed from an older checkpoint. */
static ebb_status judge_later(bool *stays, const ebbi_manifest *manifest, const char *folder,
                              uint64_t step) {
  *stays = false;
  ebb_status status = ebbi_manifest_check_tensors(manifest, folder);
  REQUIRE(status != EBB_OK, EBB_ERR_ARGUMENT,
          "%s: has a checkpoint of step %" PRIu64 ", and this training is at step %" PRIu64
          ": resume from the folder, or save to another one",
          folder, ebbi_manifest_step(manifest), step);
  return status == EBB_ERR_INPUT ? EBB_OK : status;
}

static ebb_status judge(ebbi_checkpoint_list *list, const ebbi_manifest *manifest,
                        ebbi_checkpoint_file *file, uint64_t step, json_t *terms) {
  char *path = ebbi_checkpoint_path(list->folder, file->name);
  REQUIRE(path, EBB_ERR_MEMORY, "%s: no memory for a path", list->folder);
  ebb_status status = ebbi_terms_compare(path, manifest->terms, terms);
  free(path);
  TRY(status);
  TRY(has_tensors(&file->stays, manifest, list->folder));
  if (file->stays && file->step > step)
    TRY(judge_later(&file->stays, manifest, list->folder, step));
  for (size_t i = 0; i < list->count && file->stays; i++)
    if (list->files[i].step == file->step && list->files[i].kind == manifest->tensors)
      list->files[i].stays = true;
  return EBB_OK;
}

ebb_status ebbi_checkpoint_judge(ebbi_checkpoint_list *list, uint64_t step, json_t *terms) {
  for (size_t i = 0; i < list->count; i++) {
    ebbi_manifest manifest;
    if (list->files[i].kind != EBBI_MANIFEST) continue;
    ebb_status status = ebbi_manifest_read(&manifest, list->folder, list->files[i].step);
    if (status == EBB_ERR_INPUT) continue; /* damaged */
    TRY(status);
    status = judge(list, &manifest, &list->files[i], step, terms);
    ebbi_manifest_free(&manifest);
    TRY(status);
  }
  return EBB_OK;
}

ebbi_checkpoint_kind ebbi_checkpoint_free_tensors(const ebbi_checkpoint_list *list, uint64_t step) {
  for (size_t i = 0; i < list->count; i++)
    if (list->files[i].step == step && list->files[i].kind == EBBI_TENSORS && list->files[i].stays)
      return EBBI_OTHER_TENSORS;
  return EBBI_TENSORS;
}

/* Keeps the two files of the step just written and as many complete older checkpoints as allowed. A
 * step's manifest is listed before its tensors. */
static void choose(ebbi_checkpoint_list *list, const ebbi_manifest *written, size_t keep) {
  size_t kept = 1;
  bool room = false;
  for (size_t i = 0; i < list->count; i++) {
    ebbi_checkpoint_file *file = &list->files[i];
    bool manifest = file->kind == EBBI_MANIFEST;
    if (file->step == ebbi_manifest_step(written)) {
      file->stays = manifest || file->kind == written->tensors;
      continue;
    }
    if (manifest && file->stays) {
      room = kept < keep;
      kept += room;
    }
    file->stays = file->stays && room;
  }
}

static ebb_status drop(const char *folder, const char *name) {
  char *path = ebbi_checkpoint_path(folder, name);
  REQUIRE(path, EBB_ERR_MEMORY, "%s: no memory for a path", folder);
  bool gone = unlink(path) == 0 || errno == ENOENT;
  int why = errno;
  free(path);
  REQUIRE(gone, EBB_ERR_OUTPUT,
          "%s/%s: cannot be removed: %s; the checkpoint itself has been written", folder, name,
          strerror(why));
  return EBB_OK;
}

ebb_status ebbi_checkpoint_prune(ebbi_checkpoint_list *list, const ebbi_manifest *written,
                                 size_t keep) {
  choose(list, written, keep);
  for (size_t i = 0; i < list->count; i++) /* a manifest before its tensors */
    if (!list->files[i].stays) TRY(drop(list->folder, list->files[i].name));
  return EBB_OK;
}
