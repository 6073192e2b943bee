/* The help pages, generated from the command table and the option table, so that they are complete:
 * names, values, choices and defaults are defined in one place.
 */
#include "commands.h"
#include "output.h"
#include "recipes.h"

#include <string.h>

enum { WIDTH = 80, INDENT = 26, LONG = 14 };

/* Bytes that stay on one line: a word, or an item of a list too long for a line. */
static size_t piece_length(const char *text) {
  size_t length = strcspn(text, " "), item = strcspn(text, " ,") + 1;
  return length > LONG && item < length ? item : length;
}

/* Prints a text broken into lines, each indented by INDENT. */
static void print_wrapped(const char *text) {
  size_t column = INDENT;
  bool blank = false;
  while (*text) {
    size_t length = piece_length(text);
    if (column > INDENT && column + (size_t)blank + length > WIDTH) {
      printf("\n%*s", INDENT, "");
      column = INDENT;
      blank = false;
    }
    printf("%s%.*s", blank ? " " : "", (int)length, text);
    column += (size_t)blank + length;
    blank = text[length] == ' ';
    text += length + strspn(text + length, " ");
  }
  putchar('\n');
}

/* The text after an option's name: help, choices, default. */
static void describe_option(char *text, size_t size, const option_row *row) {
  size_t length = (size_t)snprintf(text, size, "%s", row->help);
  for (size_t i = 0; row->choices && row->choices[i]; i++)
    length +=
        (size_t)snprintf(text + length, size - length, "%s%s", i ? ", " : " [", row->choices[i]);
  if (row->choices) length += (size_t)snprintf(text + length, size - length, "]");
  if (row->initial) snprintf(text + length, size - length, " (default: %s)", row->initial);
}

static void print_option(const option_row *row) {
  char left[64], text[1024], letter[] = "   ";
  if (row->letter) memcpy(letter, (char[]){'-', row->letter, ','}, 3);
  snprintf(left, sizeof left, "  %s --%s%s%s", letter, row->name, row->argument ? " " : "",
           row->argument ? row->argument : "");
  describe_option(text, sizeof text, row);
  printf("%-*s", INDENT, left);
  if (strlen(left) >= INDENT) printf("\n%*s", INDENT, "");
  print_wrapped(text);
}

/* A parameter is shown by its name. */
static void print_activations(void) {
  char text[1024] = "";
  size_t used = 0;
  for (int i = 0; i < EBB_ACT_COUNT && used < sizeof text; i++) {
    ebb_activation f = (ebb_activation)i;
    const char *parameter = ebb_activation_parameter_name(f);
    used += (size_t)snprintf(text + used, sizeof text - used, "%s%s%s%s%s", i ? ", " : "",
                             ebb_activation_name(f), parameter ? "(" : "",
                             parameter ? parameter : "", parameter ? ")" : "");
  }
  if (used < sizeof text)
    snprintf(text + used, sizeof text - used, "; or a formula behind a name of your own: %s",
             "64soft(z / (1 + fabs(z)))");
  printf("\nActivations of SPEC, with their parameter:\n%*s", INDENT, "");
  print_wrapped(text);
}

/* What the spec of a network is made of. */
static void print_items(void) {
  puts("\nItems of SPEC, joined by '-':");
  for (int kind = 0; kind < EBB_KIND_COUNT; kind++) {
    printf("  %-*s", INDENT - 2, ebb_kind_example((ebb_kind)kind));
    print_wrapped(ebb_kind_help((ebb_kind)kind));
  }
  print_activations();
}

static void print_recipes(void) {
  puts("\nRecipes, for --recipe:");
  for (const recipe *r = recipe_files; r->name; r++) {
    char name[RECIPE_ABOUT], about[RECIPE_ABOUT];
    recipe_name(name, r);
    recipe_about(about, r);
    printf("  %-*s", INDENT - 2, name);
    print_wrapped(about);
  }
}

static void print_command(const command *c) {
  size_t count;
  const option_row *rows = option_table(&count);
  bool optional = c->argument && !c->argument_required;
  printf("usage: ebb %s%s%s%s%s [options]\n\n%s\n", c->name, c->argument ? " " : "",
         optional ? "[" : "", c->argument ? c->argument : "", optional ? "]" : "", c->summary);
  const char *group = NULL, *printed = NULL;
  bool takes_spec = false, takes_recipe = false;
  for (size_t i = 0; i < count; i++) {
    if (rows[i].group) group = rows[i].group;
    if (!(rows[i].commands & c->mask)) continue;
    if (group != printed) printf("\n%s:\n", group);
    printed = group;
    print_option(&rows[i]);
    takes_spec = takes_spec || strcmp(rows[i].name, "model") == 0;
    takes_recipe = takes_recipe || strcmp(rows[i].name, "recipe") == 0;
  }
  if (takes_spec) print_items();
  if (takes_recipe) print_recipes();
}

static void print_overview(void) {
  size_t count;
  const command *all = commands_all(&count);
  printf("ebb %s: neural networks trained by backpropagation on any OpenCL device\n\n"
         "usage: ebb COMMAND [options]\n\n",
         ebb_version());
  for (size_t i = 0; i < count; i++) printf("  %-9s %s\n", all[i].name, all[i].summary);
  fputs(
      "\n`ebb help COMMAND` or `ebb COMMAND --help` tells a command's options. An option can also\n"
      "come from a variable, --batch from EBB_BATCH, or from a file given by --config; a\n"
      "flag goes before the variable, the variable before the file.\n\n"
      "exit codes: 0 good, 1 run failed, 2 usage, 3 no device, 4 device error, 5 wrong numbers,\n"
      "6 bad input file, 141 nobody reads standard output any more, 128 + n ended by signal n\n",
      stdout);
}

int help_run(const settings *s) {
  const command *c = s->argument ? commands_find(s->argument) : NULL;
  if (s->argument && !c) return EXIT_USAGE;
  if (c)
    print_command(c);
  else
    print_overview();
  return EXIT_GOOD;
}

int version_run(const settings *s) {
  (void)s;
  printf("ebb %s\n", ebb_version());
  return EXIT_GOOD;
}
