/* `ebb info`: what a model file holds.
 *
 * The file is checked to its last number, so one that info describes is one that works; a device
 * is not needed for that.
 */
#include "commands.h"
#include "output.h"

#include <stdlib.h>

static json_t *list_layers(const ebb_spec *spec) {
  json_t *list = json_array();
  for (size_t i = 0; i < spec->count; i++) {
    const ebb_layer_spec *layer = &spec->layers[i];
    json_array_append_new(list,
                          json_pack("{s:I, s:I, s:s, s:I}", "inputs", (json_int_t)layer->inputs,
                                    "outputs", (json_int_t)layer->outputs, "activation",
                                    ebb_activation_name(layer->activation), "parameters",
                                    (json_int_t)((layer->inputs + 1) * layer->outputs)));
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

/* The encoder as the model file holds it. */
static int put_encoder(json_t *object, const ebb_encoder *encoder) {
  char *text;
  ebb_status status = ebb_encoder_to_json(&text, encoder);
  if (status != EBB_OK) return fail_status(status);
  json_object_set_new(object, "encoder", json_loads(text, 0, NULL));
  free(text);
  return EXIT_GOOD;
}

static int print_as_json(const ebb_model_info *model, const char *path, const char *text) {
  const ebb_spec *spec = &model->spec;
  json_t *object = json_pack("{s:o, s:s, s:I, s:I, s:I, s:s, s:o}", "model", json_text(path),
                             "spec", text, "inputs", (json_int_t)ebb_spec_inputs(spec), "outputs",
                             (json_int_t)ebb_spec_outputs(spec), "parameters",
                             (json_int_t)ebb_spec_parameters(spec), "loss",
                             ebb_loss_name(model->loss), "layers", list_layers(spec));
  if (model->split.valid > 0)
    json_object_set_new(object, "split",
                        json_pack("{s:f, s:s, s:I}", "valid", model->split.valid, "rows",
                                  model->split.last ? "last" : "random", "seed",
                                  (json_int_t)model->split.seed));
  if (model->encoder) {
    json_object_set_new(object, "task",
                        json_string(ebb_task_name(ebb_encoder_task(model->encoder))));
    json_object_set_new(object, "classes", list_classes(model->encoder));
    int code = put_encoder(object, model->encoder);
    if (code != EXIT_GOOD) {
      json_decref(object);
      return code;
    }
  }
  return print_json(object);
}

static void print_layers(const ebb_spec *spec) {
  for (size_t i = 0; i < spec->count; i++) {
    const ebb_layer_spec *layer = &spec->layers[i];
    bool plain = layer->activation == EBB_ACT_IDENTITY;
    printf("layer %-6zu %zu -> %zu%s%s, %zu parameters\n", i + 1, layer->inputs, layer->outputs,
           plain ? "" : " ", plain ? "" : ebb_activation_name(layer->activation),
           (layer->inputs + 1) * layer->outputs);
  }
}

static void print_encoder(const ebb_encoder *encoder) {
  if (!encoder) {
    puts("encoder      none: rows are the inputs themselves");
    return;
  }
  printf("task         %s\n", ebb_task_name(ebb_encoder_task(encoder)));
  const char *name = ebb_encoder_class(encoder, 0);
  if (!name) return;
  printf("classes     ");
  for (size_t i = 0; (name = ebb_encoder_class(encoder, i)); i++) printf(" %s", name);
  putchar('\n');
}

static int print_as_text(const ebb_model_info *model, const char *path, const char *text) {
  const ebb_spec *spec = &model->spec;
  printf("model        %s\nspec         %s\nparameters   %zu\n", path, text,
         ebb_spec_parameters(spec));
  print_layers(spec);
  printf("loss         %s\n", ebb_loss_name(model->loss));
  print_encoder(model->encoder);
  if (model->split.valid > 0)
    printf("split        %g of the rows for validation, %s\n", model->split.valid,
           model->split.last ? "the last" : "random by seed");
  return EXIT_GOOD;
}

int info_run(const settings *s) {
  char text[2048];
  ebb_model_info model = {0};
  ebb_status status = ebb_model_describe(&model, s->argument, s->model);
  int code = status == EBB_ERR_ARGUMENT && s->model ? fail_option(s, "model", status)
                                                    : fail_status(status);
  if (code == EXIT_GOOD) code = fail_status(ebb_spec_text(text, sizeof text, &model.spec));
  if (code == EXIT_GOOD)
    code = s->json ? print_as_json(&model, s->argument, text)
                   : print_as_text(&model, s->argument, text);
  ebb_model_info_clear(&model);
  return code;
}
