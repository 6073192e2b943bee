/* Resolving options: flag, then environment, then config file, then checkpoint, then default.
 *
 * Every source yields texts first, and a single pass converts all of them, so that a wrong value
 * gives the same message from any source: where, value, what is allowed. popt splits the words; it
 * does not convert them, because its messages name neither the value nor the range.
 */
#include "options.h"

#include "commands.h"
#include "config.h"
#include "config_text.h"
#include "hints.h"
#include "option_values.h"
#include "output.h"
#include "recipes.h"
#include "train_resume.h"

#include <ebb/tool.h>

#include <ctype.h>
#include <jansson.h>
#include <popt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The texts being collected; they live in settings.owned. */
typedef struct gathering {
  settings *s;
  const command *command;
  const option_row *rows;
  size_t count;
} gathering;

static int no_memory(void) {
  return fail(EXIT_FAILED, "no memory for the options");
}

static void variable_name(char variable[64], const char *name) {
  size_t i = (size_t)snprintf(variable, 64, "EBB_%s", name);
  for (size_t j = 4; j < i; j++)
    variable[j] = variable[j] == '-' ? '_' : (char)toupper(variable[j]);
}

static bool taken(const gathering *g, size_t row) {
  return (g->rows[row].commands & g->command->mask) != 0;
}

static bool is_help(const option_row *row) {
  return strcmp(row->name, "help") == 0;
}

/* Row of the command's option `name`, or `count`. */
static size_t find_row(const gathering *g, const char *name) {
  for (size_t i = 0; i < g->count; i++)
    if (taken(g, i) && strcmp(g->rows[i].name, name) == 0) return i;
  return g->count;
}

/* Reports an unknown option, and suggests an option or a command. */
static int unknown_option(const gathering *g, const char *where, const char *word) {
  const char *names[MAX_OPTIONS] = {NULL}, *owner = g->command->name;
  const char *name = word + strspn(word, "-");
  size_t count = 0;
  bool elsewhere = false;
  for (size_t i = 0; i < g->count; i++) {
    if (taken(g, i)) names[count++] = g->rows[i].name;
    elsewhere = elsewhere || (!taken(g, i) && strcmp(g->rows[i].name, name) == 0);
  }
  const char *near = hint_for(name, names, count);
  if (elsewhere && (!near || strcmp(near, name) != 0))
    return fail(EXIT_USAGE, "%s does not take --%s; see `ebb help %s`", owner, name, owner);
  if (!near) near = ebb_suggest(name, names, count);
  if (near) return fail(EXIT_USAGE, "%s: unknown option %s; did you mean --%s?", where, word, near);
  return fail(EXIT_USAGE, "%s: unknown option %s; see `ebb help %s`", where, word, owner);
}

/* Explains why popt stopped at a word. */
static int bad_word(const gathering *g, poptContext context, int error) {
  const char *word = poptBadOption(context, 0), *owner = g->command->name;
  char name[128];
  snprintf(name, sizeof name, "%.*s", (int)strcspn(word, "="), word);
  if (error == POPT_ERROR_NOARG) return fail(EXIT_USAGE, "%s needs a value", name);
  if (error == POPT_ERROR_UNWANTEDARG) return fail(EXIT_USAGE, "%s takes no value", name);
  if (error != POPT_ERROR_BADOPT)
    return fail(EXIT_USAGE, "%s: %s: %s", owner, name, poptStrerror(error));
  return unknown_option(g, owner, name);
}

/* Reads the command's argument, or the two arguments of bench. */
static int read_arguments(const gathering *g, const char *const *words) {
  const command *c = g->command;
  settings *s = g->s;
  if (words && words[0] && !c->argument)
    return fail(EXIT_USAGE,
                "%s: unexpected \"%s\"; a file of data is given by --data, see `ebb help %s`",
                c->name, words[0], c->name);
  size_t count = 0, most = c->mask == FOR_BENCH ? 2 : 1;
  for (; words && words[count]; count++) {
    if (count == most)
      return fail(EXIT_USAGE, "%s: unexpected \"%s\" after \"%s\"; see `ebb help %s`", c->name,
                  words[count], words[count - 1], c->name);
    s->owned[MAX_OPTIONS + count] = strdup(words[count]);
    if (!s->owned[MAX_OPTIONS + count]) return no_memory();
  }
  s->argument = s->owned[MAX_OPTIONS];
  s->second = s->owned[MAX_OPTIONS + 1];
  return EXIT_GOOD;
}

/* Takes the value of an option. NULL: out of memory. */
static char *take_value(poptContext context, const option_row *row, char *before) {
  char *value = poptGetOptArg(context), *both = NULL;
  if (row->kind != KIND_LIST || !before || !value) {
    free(before);
    return value;
  }
  size_t size = strlen(before) + strlen(value) + 2;
  both = malloc(size);
  if (both) snprintf(both, size, "%s,%s", before, value);
  free(before);
  free(value);
  return both;
}

static int read_words(gathering *g, poptContext context) {
  int value;
  while ((value = poptGetNextOpt(context)) > 0) {
    size_t row = (size_t)value - 1;
    if (g->rows[row].kind == KIND_FLAG) {
      free(g->s->owned[row]);
      g->s->owned[row] = strdup("true");
    } else {
      g->s->owned[row] = take_value(context, &g->rows[row], g->s->owned[row]);
    }
    g->s->sources[row] = FROM_FLAG;
    if (!g->s->owned[row]) return no_memory();
    g->s->help = g->s->help || is_help(&g->rows[row]);
  }
  if (value < -1) return bad_word(g, context, value);
  return read_arguments(g, poptGetArgs(context));
}

static int read_flags(gathering *g, int count, const char **words) {
  struct poptOption options[MAX_OPTIONS + 1] = {POPT_TABLEEND};
  size_t used = 0;
  for (size_t i = 0; i < g->count; i++) {
    if (!taken(g, i)) continue;
    const option_row *row = &g->rows[i];
    options[used++] =
        (struct poptOption){.longName = row->name,
                            .shortName = row->letter,
                            .argInfo = row->kind == KIND_FLAG ? POPT_ARG_NONE : POPT_ARG_STRING,
                            .val = (int)i + 1};
  }
  options[used] = (struct poptOption)POPT_TABLEEND;
  poptContext context = poptGetContext("ebb", count, words, options, 0);
  if (!context) return no_memory();
  int code = read_words(g, context);
  poptFreeContext(context);
  return code;
}

static int read_environment(gathering *g) {
  for (size_t i = 0; i < g->count; i++) {
    if (!taken(g, i) || g->s->owned[i] || (g->rows[i].commands & FLAG_ONLY)) continue;
    char name[64];
    variable_name(name, g->rows[i].name);
    const char *value = getenv(name);
    if (!value || !*value) continue;
    g->s->sources[i] = FROM_ENVIRONMENT;
    if (!(g->s->owned[i] = strdup(value))) return no_memory();
  }
  return EXIT_GOOD;
}

/* The command-line text for a JSON value; NULL: there is none. */
static char *text_of(const json_t *value) {
  if (json_is_string(value)) return strdup(json_string_value(value));
  if (json_is_number(value) || json_is_boolean(value)) return json_dumps(value, JSON_ENCODE_ANY);
  return NULL;
}

/* An option of a section: `task` is 0 outside of sections. */
static int keep_entry(gathering *g, const char *path, size_t row, json_t *value, int task,
                      option_source source) {
  settings *s = g->s;
  char **text = task ? &s->by_task[task][row] : &s->owned[row];
  if (*text || (g->rows[row].commands & FLAG_ONLY)) return EXIT_GOOD;
  *(task ? &s->task_sources[task][row] : &s->sources[row]) = source;
  s->in_sections = s->in_sections || task > 0;
  *text = text_of(value);
  if (*text) return EXIT_GOOD;
  return fail(EXIT_USAGE, "%s: \"%s\" must be a text, a number, true or false", path,
              g->rows[row].name);
}

/* The heading in the option table under which a row stands. */
static const char *group_of(const gathering *g, size_t row) {
  while (!g->rows[row].group) row--;
  return g->rows[row].group;
}

/* What must be known before the task, or has nothing to do with the model, is in no section. */
static int check_section(const gathering *g, const char *path, size_t row) {
  const char *name = g->rows[row].name;
  bool early = strcmp(group_of(g, row), "Data") == 0 || strcmp(name, "seed") == 0 ||
               strcmp(name, "recipe") == 0;
  if (!early && config_decides(name)) return EXIT_GOOD;
  return fail(EXIT_USAGE, "%s: %s cannot depend on the task; move it before the sections", path,
              name);
}

static int read_entry(gathering *g, const char *path, const char *key, json_t *value, int task,
                      option_source source) {
  size_t row = find_row(g, key);
  if (strcmp(key, "config") == 0 || strcmp(key, "help") == 0)
    return fail(EXIT_USAGE, "%s: \"%s\" is for the command line only", path, key);
  for (size_t i = 0; row == g->count && i < g->count; i++)
    if (strcmp(g->rows[i].name, key) == 0) return EXIT_GOOD; /* an option of another command */
  if (row == g->count) {
    char word[128];
    snprintf(word, sizeof word, "--%s", key);
    return unknown_option(g, path, word);
  }
  int code = task ? check_section(g, path, row) : EXIT_GOOD;
  return code == EXIT_GOOD ? keep_entry(g, path, row, value, task, source) : code;
}

/* All options of a configuration, and those of its sections. */
static int read_entries(gathering *g, const char *path, json_t *object, option_source source) {
  static const char *const sections[TASKS] = {"", "classification", "regression"};
  const char *key, *name;
  json_t *value, *inner;
  int code = EXIT_GOOD;
  json_object_foreach(object, key, value) {
    int task = json_is_object(value) ? TASKS - 1 : 0;
    while (task > 0 && strcmp(key, sections[task]) != 0) task--;
    if (code != EXIT_GOOD) break;
    if (task == 0 && json_is_object(value))
      code = fail(EXIT_USAGE,
                  "%s: \"%s\" must be a text, a number, true or false, or a section: "
                  "[classification] or [regression]",
                  path, key);
    else if (task == 0)
      code = read_entry(g, path, key, value, 0, source);
    else
      json_object_foreach(value, name, inner) {
        if (code == EXIT_GOOD) code = read_entry(g, path, name, inner, task, source);
      }
  }
  return code;
}

static bool is_count(const char *text) {
  return text && *text && strspn(text, "0123456789") == strlen(text);
}

/* With checkpoints, --keep with a number is the number of checkpoints to keep, as in every other
 * place; without them, or if that number is given as well, it is a column. Called after each
 * source: a number from a stronger source does not change columns from a weaker one. */
static void move_keep(gathering *g) {
  size_t from = find_row(g, "keep"), to = find_row(g, "keep-checkpoints");
  if (!(g->command->mask & FOR_TRAIN)) return;
  char **owned = g->s->owned;
  bool wanted = owned[find_row(g, "checkpoint")] || owned[find_row(g, "resume")];
  if (!wanted || !is_count(owned[from]) || (owned[to] && !g->s->keep_counts)) return;
  if (owned[to]) {
    free(owned[from]);
  } else {
    owned[to] = owned[from];
    g->s->sources[to] = g->s->sources[from];
    g->s->keep_counts = true;
  }
  owned[from] = NULL;
  g->s->sources[from] = FROM_DEFAULT;
}

static int read_config(gathering *g) {
  size_t row = find_row(g, "config");
  const char *path = g->s->config = row < g->count ? g->s->owned[row] : NULL;
  if (!path) return EXIT_GOOD;
  json_t *object = NULL;
  bool written = false;
  int code = config_load(&object, &written, settings_origin(g->s, "config").text, path);
  if (code == EXIT_GOOD) code = read_entries(g, path, object, FROM_CONFIG);
  json_decref(object);
  if (!written) move_keep(g); /* in the stored options of a run, keep always means columns */
  return code;
}

/* A recipe goes after everything that was given, also to a resumed training. */
static int read_recipe(gathering *g) {
  size_t row = find_row(g, "recipe");
  const char *name = row < g->count ? g->s->owned[row] : NULL;
  if (!name) return EXIT_GOOD;
  const char *text = recipe_text(name);
  json_t *object = NULL;
  g->s->recipe = name;
  if (!text) return recipe_unknown(settings_origin(g->s, "recipe").text, name);
  int code = config_text_read(&object, name, text);
  if (code == EXIT_GOOD) code = read_entries(g, name, object, FROM_RECIPE);
  json_decref(object);
  return code;
}

/* Converts the text of a row, or its default, into its member of the settings. */
static int convert(gathering *g, size_t row) {
  const option_row *option = &g->rows[row];
  void *member = (char *)g->s + option->offset;
  char **text = &g->s->owned[row], allowed[512];
  if (!*text && option->initial && !(*text = strdup(option->initial))) return no_memory();
  if (!*text) {
    option_clear(member, option);
    return EXIT_GOOD;
  }
  if (option_convert(member, option, *text, allowed, sizeof allowed)) return EXIT_GOOD;
  return fail(EXIT_USAGE, "%s: \"%s\" is not %s", settings_origin(g->s, option->name).text, *text,
              allowed);
}

int settings_take_task(settings *s, int task) {
  gathering g = {.s = s, .command = commands_find("train")};
  int code = EXIT_GOOD;
  g.rows = option_table(&g.count);
  for (size_t i = 0; i < g.count && code == EXIT_GOOD; i++) {
    option_source source = s->task_sources[task][i];
    if (!s->by_task[task][i] || source < s->sources[i]) continue;
    s->owned[i] = s->by_task[task][i];
    s->sources[i] = source;
    code = convert(&g, i);
  }
  return code;
}

int settings_read(settings *s, const command *c, int count, const char **words) {
  *s = (settings){0};
  gathering g = {.s = s, .command = c};
  g.rows = option_table(&g.count);
  int code = read_flags(&g, count, words);
  if (code != EXIT_GOOD || s->help) return code;
  move_keep(&g);
  code = read_environment(&g);
  if (code == EXIT_GOOD) move_keep(&g);
  if (code == EXIT_GOOD) code = read_config(&g);
  if (code == EXIT_GOOD && (c->mask & FOR_TRAIN)) code = resume_options(s);
  if (code == EXIT_GOOD) code = read_recipe(&g);
  for (size_t i = 0; i < g.count && code == EXIT_GOOD; i++)
    if (taken(&g, i)) code = convert(&g, i);
  if (code == EXIT_GOOD && c->argument_required && !s->argument)
    code = fail(EXIT_USAGE, "%s: %s is missing; see `ebb help %s`", c->name, c->argument, c->name);
  return code;
}

void settings_clear(settings *s) {
  for (size_t i = 0; i < sizeof s->owned / sizeof *s->owned; i++) free(s->owned[i]);
  for (size_t i = 0; i < TASKS * MAX_OPTIONS; i++)
    free(s->by_task[i / MAX_OPTIONS][i % MAX_OPTIONS]);
  *s = (settings){0};
}

/* The source of an option, of whose rows at most one has been given. */
static option_source source_of(const settings *s, const char *name) {
  size_t count;
  const option_row *rows = option_table(&count);
  for (size_t i = 0; i < count; i++)
    if (s->sources[i] != FROM_DEFAULT && strcmp(rows[i].name, name) == 0) return s->sources[i];
  return FROM_DEFAULT;
}

bool settings_given(const settings *s, const char *name) {
  return source_of(s, name) == FROM_FLAG;
}

bool settings_named(const settings *s, const char *name) {
  return source_of(s, name) != FROM_DEFAULT;
}

option_origin settings_origin(const settings *s, const char *name) {
  option_origin origin;
  option_source source = source_of(s, name);
  if (s->keep_counts && strcmp(name, "keep-checkpoints") == 0) name = "keep";
  if (source == FROM_ENVIRONMENT)
    variable_name(origin.text, name);
  else if (source == FROM_CONFIG)
    snprintf(origin.text, sizeof origin.text, "%.200s: %s", s->config, name);
  else if (source == FROM_CHECKPOINT)
    snprintf(origin.text, sizeof origin.text, "%.200s: %s", s->resume, name);
  else if (source == FROM_RECIPE)
    snprintf(origin.text, sizeof origin.text, "recipe %.200s: %s", s->recipe, name);
  else
    snprintf(origin.text, sizeof origin.text, "--%s", name);
  return origin;
}
