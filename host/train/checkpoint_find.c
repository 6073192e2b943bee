/* Finds the newest checkpoint of a folder that is intact to the last bit. */
#include "base/error.h"
#include "checkpoint.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Appends this thread's message as a line. */
static ebb_status add_message(char **lines) {
  size_t used = strlen(*lines), more = strlen(ebb_error_message());
  char *longer = realloc(*lines, used + more + 2);
  REQUIRE(longer, EBB_ERR_MEMORY, "checkpoint: no memory for a message");
  snprintf(longer + used, more + 2, "%s%s", used ? "\n" : "", ebb_error_message());
  *lines = longer;
  return EBB_OK;
}

/* Reads one checkpoint with all its bytes. */
static ebb_status read_checkpoint(ebbi_found *found, const char *folder,
                                  const ebbi_checkpoint_file *file, json_t *terms) {
  TRY(ebbi_manifest_read(&found->manifest, folder, file->step));
  free(found->path);
  found->path = ebbi_checkpoint_path(folder, file->name);
  REQUIRE(found->path, EBB_ERR_MEMORY, "%s: no memory for a path", folder);
  if (terms) TRY(ebbi_terms_compare(found->path, found->manifest.terms, terms));
  return ebbi_manifest_check_tensors(&found->manifest, folder);
}

static ebb_status find(ebbi_found *found, const ebbi_checkpoint_list *list, json_t *terms) {
  size_t seen = 0;
  for (size_t i = 0; i < list->count; i++) {
    if (list->files[i].kind != EBBI_MANIFEST) continue;
    ebb_status status = read_checkpoint(found, list->folder, &list->files[i], terms);
    if (status != EBB_ERR_INPUT) return status;
    ebbi_manifest_free(&found->manifest);
    TRY(add_message(&found->damaged));
    seen++;
  }
  REQUIRE(seen > 0, EBB_ERR_INPUT, "%s: the folder has no checkpoint", list->folder);
  if (seen == 1)
    return ebbi_fail(EBB_ERR_INPUT, "%s: its only checkpoint is damaged:\n%s", list->folder,
                     found->damaged);
  return ebbi_fail(EBB_ERR_INPUT, "%s: all %zu checkpoints are damaged:\n%s", list->folder, seen,
                   found->damaged);
}

ebb_status ebbi_checkpoint_find(ebbi_found *out, const char *folder, json_t *terms) {
  ebbi_checkpoint_list list;
  *out = (ebbi_found){.damaged = calloc(1, 1)};
  REQUIRE(out->damaged, EBB_ERR_MEMORY, "%s: no memory", folder);
  TRY(ebbi_checkpoint_list_make(&list, folder));
  ebb_status status = find(out, &list, terms);
  ebbi_checkpoint_list_free(&list);
  return status;
}

void ebbi_found_free(ebbi_found *found) {
  ebbi_manifest_free(&found->manifest);
  free(found->path);
  free(found->damaged);
  *found = (ebbi_found){0};
}
