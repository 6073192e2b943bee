/* `ebb info`: the contents of a safetensors file.
 *
 * Any such file is listed. A model is checked completely, without a device, so a model that info
 * describes also works. A file not written by ebb may be something else: the reason why it is not a
 * model is then reported as a fact, not as an error.
 */
#include "info.h"

#include "commands.h"
#include "output.h"

#include <stdlib.h>
#include <string.h>

enum {
  SHOWN_VALUE = 60, /* printed bytes of a metadata value */
  SHOWN_CLASSES = 20
};

/* The file and the model in it; `problem` says why it is not a model, "" if it is. */
typedef struct subject_file {
  const settings *s;
  ebb_tensor_file *file;
  ebb_model_info model;
  char spec[EBB_SPEC_TEXT], problem[2048];
} subject_file;

/* True if ebb wrote the file as a model. */
static bool is_ours(const ebb_tensor_file *file) {
  for (size_t i = 0; i < ebb_tensor_file_pairs(file); i++)
    if (strcmp(ebb_tensor_file_pair(file, i).key, "ebb.spec") == 0) return true;
  return false;
}

/* True if part of the data file was held out of training. */
static bool is_parted(const ebb_model_info *model) {
  return model->split.valid > 0 || model->split.test > 0;
}

/* ---- JSON ---- */

static json_t *list_settings(const ebb_node *node) {
  json_t *object = json_object();
  const char *name;
  for (size_t i = 0; (name = ebb_kind_setting(node->kind, i)); i++)
    put_number(object, name, node->settings[i]);
  return object;
}

static json_t *list_layers(const ebb_spec *spec) {
  json_t *list = json_array();
  for (size_t i = 0; i < spec->count; i++) {
    const ebb_node *node = &spec->nodes[i];
    char activation[EBB_ACTIVATION_TEXT];
    json_t *layer = json_object();
    put(layer, "kind", json_string(ebb_kind_name(node->kind)));
    put(layer, "inputs", json_integer((json_int_t)ebb_spec_cols(spec, node->inputs[0])));
    put(layer, "outputs", json_integer((json_int_t)node->units));
    put(layer, "activation", json_string(ebb_spec_activation(activation, spec, i)));
    put(layer, "settings", list_settings(node));
    put(layer, "parameters", json_integer((json_int_t)ebb_spec_node_parameters(spec, i)));
    json_array_append_new(list, layer);
  }
  return list;
}

static json_t *list_classes(const ebb_encoder *encoder) {
  json_t *list = json_array();
  const char *name;
  for (size_t i = 0; (name = ebb_encoder_class(encoder, i)); i++)
    json_array_append_new(list, json_text(name));
  return list;
}

static json_t *list_tensors(const ebb_tensor_file *file) {
  json_t *list = json_array();
  for (size_t i = 0; i < ebb_tensor_file_tensors(file); i++) {
    ebb_tensor_entry t = ebb_tensor_file_tensor(file, i);
    json_t *shape = json_array();
    for (size_t d = 0; d < t.rank; d++)
      json_array_append_new(shape, json_integer((json_int_t)t.shape[d]));
    json_array_append_new(list,
                          json_pack("{s:o, s:s, s:o, s:I}", "name", json_text(t.name), "dtype",
                                    t.dtype, "shape", shape, "bytes", (json_int_t)t.bytes));
  }
  return list;
}

static json_t *list_metadata(const ebb_tensor_file *file) {
  json_t *object = json_object();
  for (size_t i = 0; i < ebb_tensor_file_pairs(file); i++) {
    ebb_metadata pair = ebb_tensor_file_pair(file, i);
    put(object, pair.key, json_text(pair.value));
  }
  return object;
}

/* The encoder as the model file holds it. */
static int put_encoder(json_t *object, const ebb_encoder *encoder) {
  char *text;
  ebb_status status = ebb_encoder_to_json(&text, encoder);
  if (status != EBB_OK) return fail_status(status);
  put(object, "task", json_string(ebb_task_name(ebb_encoder_task(encoder))));
  put(object, "classes", list_classes(encoder));
  put(object, "encoder", json_loads(text, 0, NULL));
  free(text);
  return EXIT_GOOD;
}

static json_t *split_json(const ebb_split *split) {
  return json_pack("{s:f, s:f, s:s, s:I}", "valid", split->valid, "test", split->test, "rows",
                   split->last ? "last" : "random", "seed", (json_int_t)split->seed);
}

static int put_model(json_t *object, const ebb_model_info *model, const char *text) {
  const ebb_spec *spec = &model->spec;
  put(object, "spec", json_string(text));
  put(object, "inputs", json_integer((json_int_t)ebb_spec_inputs(spec)));
  put(object, "outputs", json_integer((json_int_t)ebb_spec_outputs(spec)));
  put(object, "parameters", json_integer((json_int_t)ebb_spec_parameters(spec)));
  put(object, "layers", list_layers(spec));
  if (model->notes[0]) put(object, "notes", json_text(model->notes));
  if (is_parted(model)) put(object, "split", split_json(&model->split));
  if (model->fingerprint) {
    char hash[20];
    snprintf(hash, sizeof hash, "%016llx", (unsigned long long)model->fingerprint);
    put(object, "fingerprint", json_string(hash));
  }
  return model->encoder ? put_encoder(object, model->encoder) : EXIT_GOOD;
}

static int print_as_json(const subject_file *x) {
  json_t *object = json_object();
  int code = EXIT_GOOD;
  put(object, x->problem[0] ? "file" : "model", json_text(x->s->argument));
  if (x->problem[0])
    put(object, "problem", json_text(x->problem));
  else
    code = put_model(object, &x->model, x->spec);
  if (is_ours(x->file))
    put(object, "loss", json_string(ebb_loss_text((char[EBB_LOSS_TEXT]){0}, x->model.loss)));
  put(object, "tensors", list_tensors(x->file));
  put(object, "metadata", list_metadata(x->file));
  if (code == EXIT_GOOD) return print_json(object);
  json_decref(object);
  return code;
}

/* ---- text ---- */

static void print_tensors(const ebb_tensor_file *file) {
  for (size_t i = 0; i < ebb_tensor_file_tensors(file); i++) {
    ebb_tensor_entry t = ebb_tensor_file_tensor(file, i);
    print_text(stdout, "tensor       %s  %s [", t.name, t.dtype);
    for (size_t d = 0; d < t.rank; d++) printf("%s%zu", d ? ", " : "", t.shape[d]);
    printf("], %zu bytes\n", t.bytes);
  }
}

static void print_metadata(const ebb_tensor_file *file) {
  for (size_t i = 0; i < ebb_tensor_file_pairs(file); i++) {
    ebb_metadata pair = ebb_tensor_file_pair(file, i);
    size_t length = strlen(pair.value);
    printf("metadata     ");
    print_plain(stdout, pair.key);
    printf("  ");
    if (length <= SHOWN_VALUE)
      print_plain(stdout, pair.value);
    else
      printf("%zu bytes", length);
    putchar('\n');
  }
}

/* Each layer by its item of the spec, without the size of a dense one, which stands before it. */
static void print_layers(const ebb_spec *spec) {
  for (size_t i = 0; i < spec->count; i++) {
    const ebb_node *node = &spec->nodes[i];
    char text[64] = "";
    (void)ebb_spec_item(text, sizeof text, spec, i);
    const char *item = text + strspn(text, "0123456789");
    printf("layer %-6zu %zu -> %zu%s%s", i + 1, ebb_spec_cols(spec, node->inputs[0]), node->units,
           *item ? " " : "", item);
    size_t parameters = ebb_spec_node_parameters(spec, i);
    if (parameters > 0) printf(", %zu parameters", parameters);
    putchar('\n');
  }
}

static void print_classes(const ebb_encoder *encoder) {
  size_t count = ebb_encoder_outputs(encoder);
  printf("classes     ");
  for (size_t i = 0; i < count && i < SHOWN_CLASSES; i++) {
    putchar(' ');
    print_plain(stdout, ebb_encoder_class(encoder, i));
  }
  if (count > SHOWN_CLASSES) printf(" and %zu more (--json)", count - SHOWN_CLASSES);
  putchar('\n');
}

static void print_encoder(const ebb_encoder *encoder) {
  if (!encoder) {
    puts("encoder      none: rows are the inputs themselves");
    return;
  }
  info_print_columns(encoder);
  const char *weight = ebb_encoder_weight(encoder);
  if (weight) {
    printf("weights      column ");
    print_plain(stdout, weight);
    putchar('\n');
  }
  printf("task         %s\n", ebb_task_name(ebb_encoder_task(encoder)));
  if (ebb_encoder_task(encoder) == EBB_TASK_REGRESSION) info_print_targets(encoder);
  if (ebb_encoder_class(encoder, 0)) print_classes(encoder);
}

static void print_notes(const char *notes) {
  while (*notes) {
    size_t length = strcspn(notes, "\n");
    say("note         %.*s", (int)length, notes);
    notes += length + (notes[length] == '\n');
  }
}

static void print_split(const ebb_split *split) {
  const struct {
    double share;
    const char *name;
  } parts[] = {{split->valid, "validation"}, {split->test, "test"}};
  const char *between = "";
  printf("split        of the rows ");
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    if (!(parts[i].share > 0)) continue;
    printf("%s%g for %s", between, parts[i].share, parts[i].name);
    between = ", ";
  }
  if (split->last)
    puts(": the last ones");
  else
    printf(": random by seed %llu\n", (unsigned long long)split->seed);
}

static void print_model(const subject_file *x) {
  const ebb_model_info *model = &x->model;
  const ebb_spec *spec = &model->spec;
  say("model        %s", x->s->argument);
  say("spec         %s", x->spec);
  say("parameters   %zu", ebb_spec_parameters(spec));
  print_layers(spec);
  print_notes(model->notes);
  if (is_ours(x->file))
    printf("loss         %s\n", ebb_loss_text((char[EBB_LOSS_TEXT]){0}, model->loss));
  print_encoder(model->encoder);
  if (is_parted(model)) print_split(&model->split);
  if (model->fingerprint)
    puts("trained on   data that `ebb eval` recognises, to separate the training rows");
}

static int print_as_text(const subject_file *x) {
  if (x->problem[0]) {
    say("file         %s", x->s->argument);
    say("no model     %s", x->problem);
  } else {
    print_model(x);
  }
  print_tensors(x->file);
  print_metadata(x->file);
  return EXIT_GOOD;
}

/* ---- the command ---- */

/* Describes the model in the file. Not being a model is no error unless the file must be one. */
static int describe(subject_file *x) {
  const settings *s = x->s;
  ebb_status status = ebb_model_describe(&x->model, s->argument, s->model);
  if (status == EBB_OK) return fail_status(ebb_spec_text(x->spec, sizeof x->spec, &x->model.spec));
  if (status == EBB_ERR_ARGUMENT && s->model) return fail_option(s, "model", status);
  if (status != EBB_ERR_INPUT || s->model || is_ours(x->file)) return fail_status(status);
  const char *message = ebb_error_message(), *path = s->argument;
  size_t known = strncmp(message, path, strlen(path)) == 0 ? strlen(path) + strlen(": ") : 0;
  snprintf(x->problem, sizeof x->problem, "%s", message + known);
  return EXIT_GOOD;
}

int info_run(const settings *s) {
  subject_file x = {.s = s};
  int code = fail_status(ebb_tensor_file_read(&x.file, s->argument));
  if (code == EXIT_GOOD) code = describe(&x);
  if (code == EXIT_GOOD) code = s->json ? print_as_json(&x) : print_as_text(&x);
  ebb_model_info_clear(&x.model);
  ebb_tensor_file_free(x.file);
  return code;
}
