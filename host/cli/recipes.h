/* Recipes: configurations with a name, in the form of --config. Each is a file in recipes/,
 * embedded in the tool; its first line is a comment that describes it. */
#ifndef EBB_CLI_RECIPES_H
#define EBB_CLI_RECIPES_H

#include <stddef.h>

typedef struct recipe {
  const char *name; /* "careful.conf" in the table of the build, "careful" for users */
  const char *text; /* 0-terminated */
} recipe;

/* Made by the build. A row of NULLs ends the table. */
extern const recipe recipe_files[];

/* The text of a recipe; NULL: there is none of this name. */
const char *recipe_text(const char *name);

/* Reports an unknown name and lists the known ones. Returns the exit code. */
int recipe_unknown(const char *origin, const char *name);

/* The name of a recipe for users, and the description in its first line. */
enum { RECIPE_ABOUT = 256 };
void recipe_name(char text[RECIPE_ABOUT], const recipe *r);
void recipe_about(char text[RECIPE_ABOUT], const recipe *r);

#endif
