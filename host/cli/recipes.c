/* The recipes of the build. */
#include "recipes.h"

#include "output.h"

#include <stdio.h>
#include <string.h>

/* Characters of a file's name before its extension. */
static size_t length_of(const recipe *r) {
  return strcspn(r->name, ".");
}

const char *recipe_text(const char *name) {
  for (const recipe *r = recipe_files; r->name; r++)
    if (strlen(name) == length_of(r) && strncmp(r->name, name, length_of(r)) == 0) return r->text;
  return NULL;
}

int recipe_unknown(const char *origin, const char *name) {
  char known[256] = "";
  for (const recipe *r = recipe_files; r->name; r++)
    snprintf(known + strlen(known), sizeof known - strlen(known), "%s%.*s", *known ? ", " : "",
             (int)length_of(r), r->name);
  return fail(EXIT_USAGE, "%s: there is no recipe \"%.60s\"; known are: %s", origin, name, known);
}

void recipe_name(char text[RECIPE_ABOUT], const recipe *r) {
  snprintf(text, RECIPE_ABOUT, "%.*s", (int)length_of(r), r->name);
}

void recipe_about(char text[RECIPE_ABOUT], const recipe *r) {
  const char *about = r->text + strspn(r->text, "# ");
  snprintf(text, RECIPE_ABOUT, "%.*s", (int)strcspn(about, "\n"), about);
}
