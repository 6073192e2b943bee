/* The tool `ebb`: finds the command, reads its options, runs it, and makes sure that the exit code
 * is right even if stdout could not be written.
 */
#include "commands.h"
#include "output.h"
#include "signals.h"
#include "watch.h"

#include <ebb/tool.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static const command commands[] = {
    {"devices", FOR_DEVICES, NULL, false,
     "List the OpenCL devices and mark the one taken by default.", devices_run},
    {"doctor", FOR_DOCTOR, NULL, false, "Check OpenCL's set-up and advise on what is missing.",
     doctor_run},
    {"data", FOR_DATA, "FILE", true, "Show how a data file is read, or convert it.", data_run},
    {"train", FOR_TRAIN, NULL, false, "Train a network on a data file and save it as a model.",
     train_run},
    {"eval", FOR_EVAL, "MODEL", true, "Score a model on a data file.", eval_run},
    {"predict", FOR_PREDICT, "MODEL", true,
     "Write a model's predictions for a data file as CSV or JSON.", predict_run},
    {"verify", FOR_VERIFY, "MODEL", false,
     "Compare kernels and a network with a double-precision reference.", verify_run},
    {"info", FOR_INFO, "MODEL", true, "Describe the contents of a model file.", info_run},
    {"bench", FOR_BENCH, "WHAT", false,
     "Measure matmul, step or elementwise on this device, or compare two results.", bench_run},
    {"tune", FOR_TUNE, NULL, false,
     "Find and keep the fastest way to run each kind of product on this device.", tune_run},
    {"cache", FOR_CACHE, NULL, false, "Show or clear the cache of built kernel programs.",
     cache_run},
    {"help", FOR_HELP, "COMMAND", false, "Explain a command and its options.", help_run},
    {"version", FOR_VERSION, NULL, false, "Print the version.", version_run},
};
enum { COMMANDS = sizeof commands / sizeof *commands };

const command *commands_all(size_t *count) {
  *count = COMMANDS;
  return commands;
}

const command *commands_find(const char *name) {
  const char *names[COMMANDS];
  for (size_t i = 0; i < COMMANDS; i++) {
    if (strcmp(commands[i].name, name) == 0) return &commands[i];
    names[i] = commands[i].name;
  }
  const char *near = ebb_suggest(name, names, COMMANDS);
  if (near)
    fail(EXIT_USAGE, "unknown command \"%s\"; did you mean %s?", name, near);
  else
    fail(EXIT_USAGE, "unknown command \"%s\"; `ebb help` lists them", name);
  return NULL;
}

static int no_command(void) {
  char names[256] = "";
  for (size_t i = 0, used = 0; i < COMMANDS; i++) {
    const char *before = i == 0 ? "" : i + 1 == COMMANDS ? " or " : ", ";
    used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", before, commands[i].name);
  }
  return fail(EXIT_USAGE, "a command is needed: %s; `ebb help` explains them", names);
}

static int run_command(int count, const char **words) {
  const command *c = commands_find(words[0]);
  if (!c) return EXIT_USAGE;
  settings s;
  signals_doing("the options are read");
  if (!signals_begin(watch_poll))
    return fail(EXIT_FAILED, "a thread that waits for signals cannot be started: %s",
                strerror(errno));
  int code = settings_read(&s, c, count, words);
  if (code == EXIT_GOOD && s.help) {
    code = help_run(&(settings){.argument = c->name});
  } else if (code == EXIT_GOOD) {
    code = c->run(&s);
  }
  settings_clear(&s);
  return signals_code(code);
}

/* Ensures that a file opened later cannot take the number of a closed stdout or stderr and receive
 * messages. Opened for reading, so that a write to a closed stdout is still an error. */
static void fill_descriptors(void) {
  for (int i = 0; i <= 2; i++)
    if (fcntl(i, F_GETFD) == -1) (void)!open("/dev/null", O_RDONLY);
}

int main(int count, char **words) {
  fill_descriptors();
  json_prepare();
  if (count > 0) tool_name(words[0]);
  const char *pocl_cache = getenv("POCL_CACHE_DIR");
  if (pocl_cache && pocl_cache[0] == '\0')
    unsetenv("POCL_CACHE_DIR"); /* PoCL aborts on an empty
                                 * value */
  const char *first = count > 1 ? words[1] : "";
  int code;
  if (count < 2) {
    code = no_command();
  } else if (strcmp(first, "--version") == 0) {
    code = version_run(&(settings){0});
  } else if (strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0) {
    code = help_run(&(settings){0});
  } else if (first[0] == '-') {
    code = fail(EXIT_USAGE, "unknown option %s before the command; `ebb help` lists the commands",
                first);
  } else {
    code = run_command(count - 1, (const char **)words + 1);
  }
  return finish_output(code);
}
