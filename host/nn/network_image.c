/* Writes networks as safetensors files, with PyTorch's names and layout. (network_file.c reads
 * them.)
 *
 * nn.Sequential stores a weight as [out, in]; on the device it is [in, out]. The file is first
 * built in memory. A thread that watches over a device can then write it even if the device no
 * longer responds.
 */
#include "network_image.h"

#include "base/error.h"
#include "host_weights.h"
#include "kind.h"
#include "spec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_SIZE = EBBI_MODULE_NAME + 32, TENSORS = EBB_MAX_NODES * EBBI_NODE_PARAMETERS };

/* Names, shapes and offsets of all tensors. */
typedef struct file_layout {
  size_t count;
  char names[TENSORS][NAME_SIZE];
  ebbi_safetensor_source tensors[TENSORS];
} file_layout;

struct ebb_model_image {
  ebbi_host_weights host;
  file_layout layout;
  ebbi_safetensors_draft draft; /* borrows the two others */
};

/* If `host` is NULL, the tensors have no numbers. */
static void lay_out(file_layout *layout, const ebb_spec *spec, const ebbi_host_weights *host) {
  layout->count = 0;
  for (size_t n = 0; n < spec->count; n++) {
    ebbi_parameter parameters[EBBI_NODE_PARAMETERS];
    size_t count = ebbi_node_parameters(parameters, spec, n);
    char module[EBBI_MODULE_NAME];
    ebbi_spec_module(module, spec, n);
    for (size_t p = 0; p < count; p++, layout->count++) {
      char *name = layout->names[layout->count];
      ebbi_safetensor_source *tensor = &layout->tensors[layout->count];
      snprintf(name, NAME_SIZE, "%s.%s", module, parameters[p].name);
      *tensor = (ebbi_safetensor_source){
          name, 1, {parameters[p].cols}, host ? host->values + host->at[n][p] : NULL};
      if (parameters[p].layout == EBBI_FILE_VECTOR) continue;
      bool matrix = parameters[p].layout == EBBI_FILE_MATRIX;
      tensor->rank = 2;
      tensor->shape[matrix ? 1 : 0] = parameters[p].cols;
      tensor->shape[matrix ? 0 : 1] = parameters[p].rows;
    }
  }
}

/* Lists all metadata; the caller frees the list. `text` stores the spec. */
static ebb_status all_pairs(ebb_metadata **out, char text[EBB_SPEC_TEXT], const ebb_spec *spec,
                            const char *where, const ebb_metadata *pairs, size_t count) {
  TRY(ebb_spec_text(text, EBB_SPEC_TEXT, spec));
  *out = malloc((count + 2) * sizeof **out);
  REQUIRE(*out, EBB_ERR_MEMORY, "%s: no memory for its metadata", where);
  (*out)[0] = (ebb_metadata){"ebb.version", EBB_VERSION};
  (*out)[1] = (ebb_metadata){"ebb.spec", text};
  if (count > 0) memcpy(*out + 2, pairs, count * sizeof **out);
  return EBB_OK;
}

static ebb_status build(ebbi_network_image *image, const ebb_network *network, const char *where,
                        const ebb_metadata *pairs, size_t count) {
  const ebb_spec *spec = &network->spec;
  char text[EBB_SPEC_TEXT];
  ebb_metadata *all;
  TRY(ebbi_host_weights_create(&image->host, spec));
  TRY(ebbi_host_weights_download(&image->host, network));
  free(image->host.scratch);
  image->host.scratch = NULL;
  lay_out(&image->layout, spec, &image->host);
  TRY(all_pairs(&all, text, spec, where, pairs, count));
  ebb_status status = ebbi_safetensors_draft_make(&image->draft, where, all, count + 2,
                                                  image->layout.tensors, image->layout.count);
  free(all);
  return status;
}

ebb_status ebbi_network_image_make(ebbi_network_image **out, const ebb_network *network,
                                   const char *where, const ebb_metadata *pairs, size_t count) {
  *out = calloc(1, sizeof **out);
  REQUIRE(*out, EBB_ERR_MEMORY, "%s: no memory for its file", where);
  ebb_status status = build(*out, network, where, pairs, count);
  if (status != EBB_OK) {
    ebbi_network_image_free(*out);
    *out = NULL;
  }
  return status;
}

void ebbi_network_image_free(ebbi_network_image *image) {
  if (!image) return;
  ebbi_safetensors_draft_free(&image->draft);
  ebbi_host_weights_free(&image->host);
  free(image);
}

const ebbi_safetensors_draft *ebbi_network_image_draft(const ebbi_network_image *image) {
  return &image->draft;
}

ebb_status ebbi_network_file_size(uint64_t *size, const ebb_spec *spec, const char *where,
                                  const ebb_metadata *pairs, size_t count) {
  char text[EBB_SPEC_TEXT];
  ebb_metadata *all;
  file_layout *layout = calloc(1, sizeof *layout);
  REQUIRE(layout, EBB_ERR_MEMORY, "%s: no memory for its metadata", where);
  lay_out(layout, spec, NULL);
  ebb_status status = all_pairs(&all, text, spec, where, pairs, count);
  if (status == EBB_OK) {
    status = ebbi_safetensors_size(size, where, all, count + 2, layout->tensors, layout->count);
    free(all);
  }
  free(layout);
  return status;
}

ebb_status ebb_network_save(ebb_network *network, const char *path, const ebb_metadata *pairs,
                            size_t count) {
  REQUIRE(network && path, EBB_ERR_ARGUMENT, "ebb_network_save: an argument is NULL");
  ebbi_network_image *image;
  TRY(ebbi_network_image_make(&image, network, path, pairs, count));
  ebb_status status = ebbi_safetensors_draft_write(&image->draft, path);
  ebbi_network_image_free(image);
  return status;
}
