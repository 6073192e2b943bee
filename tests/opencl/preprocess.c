/* The C compiler's preprocessor over a program's source, as OpenCL's options ask for it.
 *
 * A preprocessor of our own was rejected: each system that builds ebb has a compiler. It runs
 * without its own macros and headers, so that only what OpenCL defines is defined.
 */
#include "checker.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { WORDS_MAX = 256 };

/* A file without a name that holds the text, to be read from its start; -1 on failure. */
static int file_of(const char *text) {
  FILE *file = tmpfile();
  if (!file) return -1;
  fputs(text, file);
  rewind(file);
  int copy = dup(fileno(file));
  fclose(file);
  return copy;
}

static char *whole_file(FILE *file) {
  char *text = NULL;
  size_t size = 0;
  FILE *stream = open_memstream(&text, &size);
  char part[4096];
  rewind(file);
  for (size_t n; stream && (n = fread(part, 1, sizeof part, file)) > 0;) fwrite(part, 1, n, stream);
  if (!stream || fclose(stream) != 0) abort();
  return text;
}

/* The compiler's arguments; the options' words lie in `room`. Options that do not define macros
 * are the caller's to check. */
static void make_arguments(char *arguments[WORDS_MAX], char *room) {
  static const char *const first[] = {CHECKER_COMPILER,
                                      "-E",
                                      "-P",
                                      "-undef",
                                      "-nostdinc",
                                      "-w",
                                      "-x",
                                      "c",
                                      "-D__OPENCL_VERSION__=120",
                                      "-D__OPENCL_C_VERSION__=120",
                                      "-DCL_VERSION_1_2=120",
                                      "-D__ENDIAN_LITTLE__=1"};
  static char macro[64];
  size_t count = 0;
  for (; count < COUNT(first); count++) arguments[count] = (char *)(uintptr_t)first[count];
  if (the_profile()->macro) {
    snprintf(macro, sizeof macro, "-D%s", the_profile()->macro);
    arguments[count++] = macro;
  }
  char *rest;
  for (char *word = strtok_r(room, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
    if ((strncmp(word, "-D", 2) == 0 || strncmp(word, "-U", 2) == 0) && count + 2 < WORDS_MAX)
      arguments[count++] = word;
  arguments[count++] = (char *)(uintptr_t)"-";
  arguments[count] = NULL;
}

static bool run(char **arguments, int source, FILE *out, FILE *messages) {
  posix_spawn_file_actions_t actions;
  pid_t process;
  int status = -1;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, source, 0);
  posix_spawn_file_actions_adddup2(&actions, fileno(out), 1);
  posix_spawn_file_actions_adddup2(&actions, fileno(messages), 2);
  bool good = posix_spawnp(&process, arguments[0], &actions, NULL, arguments, environ) == 0 &&
              waitpid(process, &status, 0) == process && status == 0;
  posix_spawn_file_actions_destroy(&actions);
  return good;
}

bool preprocess(char **text, const char *source, const char *options) {
  char *arguments[WORDS_MAX], *room = strdup(options);
  FILE *out = tmpfile(), *messages = tmpfile();
  int in = file_of(source);
  if (!room || !out || !messages || in < 0) abort();
  make_arguments(arguments, room);
  bool good = run(arguments, in, out, messages);
  *text = whole_file(good ? out : messages);
  close(in);
  fclose(out);
  fclose(messages);
  free(room);
  return good;
}
