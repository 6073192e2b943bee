/* Checkpoints: the whole state of a training, saved in a folder, from which an interrupted training
 * continues.
 *
 * A checkpoint consists of two files. `step-NNNNNNNNNNNN.safetensors` holds the weights, the
 * optimizer's moments and the weights that a training falls back to. `step-NNNNNNNNNNNN.json`, the
 * manifest, holds the counters, the options, a description of the data, and checksums of all of it.
 * The manifest is written last, so a checkpoint is complete or does not exist, whenever the process
 * ends. If a step is saved again, its tensors go to `step-NNNNNNNNNNNN-again.safetensors`: the
 * older file stays until the new manifest, which names its tensor file, is in place.
 */
#ifndef EBB_CHECKPOINT_H
#define EBB_CHECKPOINT_H

#include <ebb/trainer.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The description of a checkpoint. */
typedef struct ebb_checkpoint_info {
  char *path;    /* path of its manifest */
  char *spec;    /* spec of its network */
  char *extra;   /* the caller's text, or NULL */
  char *damaged; /* the newer checkpoints that were skipped and why, a line each; or "" */
  uint64_t step; /* steps done */
  size_t epoch;  /* epochs done */
} ebb_checkpoint_info;

/* Writes the trainer's whole state into `folder`, which is created if missing. Then removes all
 * checkpoints except the newest `keep` (at least 1), and the leftovers of interrupted saves. Other
 * files stay. `extra` is the caller's own UTF-8 text of at most 1 MiB, kept in the checkpoint; it
 * may be NULL. May be called from a report callback or between runs. Does not change the training.
 * Blocks for the queue and until the files are on disk.
 *
 * As in every transfer, the weights are read twice and compared. The files are read back before an
 * older checkpoint is removed. A folder belongs to one training: if it holds a checkpoint of
 * another training, or of a later step, the save fails and changes nothing.
 * Errors: EBB_ERR_ARGUMENT (keep is 0, `extra` is not UTF-8 or too long, the folder holds
 * checkpoints of another training), EBB_ERR_OUTPUT, EBB_ERR_NUMBERS (a weight is not finite),
 * EBB_ERR_DEVICE (also if two reads differ), EBB_ERR_UNSUPPORTED (the folder has a checkpoint of a
 * later version of the format), EBB_ERR_MEMORY. After any error the older checkpoints are
 * intact. */
ebb_status ebb_trainer_save(ebb_trainer *trainer, const char *folder, size_t keep,
                            const char *extra);

/* Loads the newest intact checkpoint of `folder` into a trainer that has not run yet. The training
 * continues as if it had never been interrupted, to the last bit on the same device. The trainer's
 * first run continues the interrupted run: it ends at the options' epochs, counted from the start
 * of the interrupted run, or at once if that run had used up its patience. The network receives the
 * checkpoint's weights.
 *
 * Network, data (to the last bit), precision and options must be the same, except epochs, patience,
 * step form, data place and block bytes. A different step form rounds differently; a different data
 * place does not. Damaged checkpoints are skipped and reported in `info`, which may be NULL and
 * must be cleared after success. Blocks.
 * Errors: EBB_ERR_ARGUMENT (the message says what differs, or that the trainer has run),
 * EBB_ERR_INPUT (no intact checkpoint; the message says what is wrong with each),
 * EBB_ERR_UNSUPPORTED (a later version of the format). After these errors the trainer is unchanged;
 * after EBB_ERR_DEVICE make a new one. */
ebb_status ebb_trainer_resume(ebb_trainer *trainer, const char *folder, ebb_checkpoint_info *info);

/* Describes the newest intact checkpoint of a folder, chosen as ebb_trainer_resume does. Needs no
 * device.
 * Errors: EBB_ERR_INPUT, EBB_ERR_UNSUPPORTED, EBB_ERR_MEMORY. */
ebb_status ebb_checkpoint_describe(ebb_checkpoint_info *out, const char *folder);

/* Frees the texts and zeroes the description. NULL is accepted. */
void ebb_checkpoint_info_clear(ebb_checkpoint_info *info);

#ifdef __cplusplus
}
#endif
#endif
