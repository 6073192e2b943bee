/* Saves and resumes a training.
 *
 * The order makes an interruption at any moment safe. The tensor file is written, synced and
 * renamed, then the manifest in the same way; both are read back; only then are older checkpoints
 * removed. An interrupted save leaves no checkpoint, and the next save removes its files. A single
 * file was rejected: its end would have to be searched in gigabytes, while a manifest is readable
 * by eye.
 */
#include "checkpoint.h"
#include "base/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- saving ---- */

/* The manifest gets the size and checksum of the data to be written, not of the file. */
static ebb_status write_tensors(const ebb_trainer *trainer, ebbi_manifest *manifest,
                                const char *folder) {
  ebbi_hash hash;
  char *path = ebbi_manifest_tensors(manifest, folder);
  REQUIRE(path, EBB_ERR_MEMORY, "%s: no memory for a path", folder);
  ebb_status status = ebbi_checkpoint_tensors_write(&manifest->bytes, &hash, trainer, path);
  if (status == EBB_OK) ebbi_hash_text(manifest->hash, &hash);
  free(path);
  return status;
}

/* Reads the checkpoint as ebb_trainer_resume would. */
static ebb_status read_back(const ebbi_manifest *written, const char *folder) {
  ebbi_manifest manifest;
  TRY(ebbi_manifest_read(&manifest, folder, ebbi_manifest_step(written)));
  ebb_status status = ebbi_manifest_check_tensors(&manifest, folder);
  ebbi_manifest_free(&manifest);
  return status;
}

static ebb_status save_in(const ebb_trainer *trainer, ebbi_checkpoint_list *list, size_t keep,
                          ebbi_manifest *manifest) {
  uint64_t step = ebbi_manifest_step(manifest);
  TRY(ebbi_checkpoint_judge(list, step, manifest->terms));
  manifest->tensors = ebbi_checkpoint_free_tensors(list, step);
  TRY(write_tensors(trainer, manifest, list->folder));
  TRY(ebbi_manifest_write(manifest, list->folder));
  TRY(read_back(manifest, list->folder));
  return ebbi_checkpoint_prune(list, manifest, keep);
}

static ebb_status save(const ebb_trainer *trainer, const char *folder, size_t keep,
                       ebbi_manifest *manifest) {
  ebbi_checkpoint_list list;
  TRY(ebbi_checkpoint_folder_make(folder));
  TRY(ebbi_checkpoint_list_make(&list, folder));
  ebb_status status = save_in(trainer, &list, keep, manifest);
  ebbi_checkpoint_list_free(&list);
  return status;
}

/* While saving, an unreadable file is an output error. */
static ebb_status as_output(ebb_status status) {
  char message[1024];
  if (status != EBB_ERR_INPUT) return status;
  snprintf(message, sizeof message, "%s", ebb_error_message());
  return ebbi_fail(EBB_ERR_OUTPUT, "%s", message);
}

/* Records the state of the training. */
static ebb_status take_snapshot(ebbi_snapshot *snapshot, ebb_trainer *trainer) {
  TRY(ebbi_trainer_read_state(&snapshot->state, trainer));
  snapshot->schedule = trainer->schedule;
  snapshot->plateau = trainer->plateau;
  snapshot->best = trainer->best;
  snapshot->good_epoch = trainer->good_epoch;
  snapshot->run_first = trainer->run_first;
  snapshot->parked = trainer->parked;
  snapshot->lbfgs = ebbi_lbfgs_recall(trainer->lbfgs);
  return EBB_OK;
}

ebb_status ebb_trainer_save(ebb_trainer *trainer, const char *folder, size_t keep,
                            const char *extra) {
  static const char where[] = "ebb_trainer_save";
  REQUIRE(trainer && folder, EBB_ERR_ARGUMENT, "%s: an argument is NULL", where);
  REQUIRE(keep > 0, EBB_ERR_ARGUMENT,
          "%s: the number of checkpoints to keep is 0, must be at least 1", where);
  REQUIRE(!trainer->broken, EBB_ERR_NUMBERS, "%s: this training met NaN or Inf", where);
  TRY(ebbi_manifest_check_extra(extra));
  ebbi_manifest manifest = {.extra = extra};
  TRY(take_snapshot(&manifest.snapshot, trainer));
  TRY(ebbi_terms_of(&manifest.terms, trainer));
  ebb_status status = as_output(save(trainer, folder, keep, &manifest));
  json_decref(manifest.terms);
  return status;
}

/* ---- resuming ---- */

/* What decides which weights the network holds, and which tensors there are. */
static void take_place(ebb_trainer *trainer, const ebbi_snapshot *snapshot) {
  trainer->queued = snapshot->state.done;
  trainer->epochs_done = snapshot->state.epoch;
  trainer->best = snapshot->best;
  trainer->parked = snapshot->parked;
  ebbi_lbfgs_take(trainer->lbfgs, &snapshot->lbfgs);
}

/* Restores everything else except the tensors. */
static ebb_status take_numbers(ebb_trainer *trainer, const ebbi_snapshot *snapshot) {
  ebb_state state = snapshot->state;
  state.epoch_steps = (uint32_t)trainer->epoch_steps;
  trainer->queued = state.done;
  ebbi_trainer_take_schedule(trainer, &snapshot->schedule);
  state.schedule = trainer->piece.set;
  TRY(ebb_tensor_upload(trainer->pass->state, &state));
  trainer->plateau = snapshot->plateau;
  trainer->epochs_done = state.epoch;
  trainer->best = snapshot->best;
  trainer->good_epoch = snapshot->good_epoch;
  trainer->run_first = snapshot->run_first;
  trainer->resumed = true;
  return ebbi_feed_seek(&trainer->feed, state.epoch, state.done - state.epoch_first);
}

static ebb_status take(ebb_trainer *trainer, const ebbi_manifest *manifest, const char *folder) {
  const ebbi_snapshot *snapshot = &manifest->snapshot;
  char *path = ebbi_manifest_tensors(manifest, folder);
  REQUIRE(path, EBB_ERR_MEMORY, "%s: no memory for a path", folder);
  const ebbi_snapshot fresh = {.best = trainer->best};
  take_place(trainer, snapshot);
  ebb_status status = ebbi_checkpoint_tensors_take(trainer, path);
  if (status != EBB_OK) take_place(trainer, &fresh);
  free(path);
  TRY(status);
  return take_numbers(trainer, snapshot);
}

/* Moves the texts to the caller. */
static ebb_status fill_info(ebb_checkpoint_info *info, ebbi_found *found) {
  const ebbi_manifest *manifest = &found->manifest;
  *info = (ebb_checkpoint_info){
      .path = found->path,
      .damaged = found->damaged,
      .spec = strdup(ebbi_manifest_spec(manifest)),
      .extra = manifest->extra ? strdup(manifest->extra) : NULL,
      .step = ebbi_manifest_step(manifest),
      .epoch = manifest->snapshot.state.epoch,
  };
  found->path = found->damaged = NULL;
  REQUIRE(info->spec && (info->extra || !manifest->extra), EBB_ERR_MEMORY,
          "checkpoint: no memory for its description");
  return EBB_OK;
}

static ebb_status resume(ebb_trainer *trainer, const char *folder, ebb_checkpoint_info *info,
                         ebbi_found *found, json_t *terms) {
  TRY(ebbi_checkpoint_find(found, folder, terms));
  REQUIRE(ebbi_snapshot_is_possible(&found->manifest.snapshot, trainer), EBB_ERR_INPUT,
          "%s: damaged: it holds an impossible state", found->path);
  TRY(fill_info(info, found));
  return take(trainer, &found->manifest, folder);
}

ebb_status ebb_trainer_resume(ebb_trainer *trainer, const char *folder, ebb_checkpoint_info *info) {
  static const char where[] = "ebb_trainer_resume";
  ebb_checkpoint_info about = {0};
  ebbi_found found = {0};
  if (info) *info = about;
  REQUIRE(trainer && folder, EBB_ERR_ARGUMENT, "%s: an argument is NULL", where);
  ebb_state state;
  json_t *terms;
  TRY(ebb_tensor_download(&state, trainer->pass->state));
  REQUIRE(state.done == 0 && !trainer->resumed && !trainer->broken, EBB_ERR_ARGUMENT,
          "%s: the trainer has taken steps already; make a new one", where);
  TRY(ebbi_terms_of(&terms, trainer));
  ebb_status status = resume(trainer, folder, &about, &found, terms);
  json_decref(terms);
  ebbi_found_free(&found);
  if (info && status == EBB_OK)
    *info = about;
  else
    ebb_checkpoint_info_clear(&about);
  return status;
}

/* ---- describing ---- */

ebb_status ebb_checkpoint_describe(ebb_checkpoint_info *out, const char *folder) {
  REQUIRE(out && folder, EBB_ERR_ARGUMENT, "ebb_checkpoint_describe: an argument is NULL");
  ebbi_found found;
  *out = (ebb_checkpoint_info){0};
  ebb_status status = ebbi_checkpoint_find(&found, folder, NULL);
  if (status == EBB_OK) status = fill_info(out, &found);
  ebbi_found_free(&found);
  if (status != EBB_OK) ebb_checkpoint_info_clear(out);
  return status;
}

void ebb_checkpoint_info_clear(ebb_checkpoint_info *info) {
  if (!info) return;
  free(info->path);
  free(info->spec);
  free(info->extra);
  free(info->damaged);
  *info = (ebb_checkpoint_info){0};
}
