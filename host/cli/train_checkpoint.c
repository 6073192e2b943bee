/* The checkpoints of a training: writing and resuming.
 *
 * The folder is tested for writing before the data are read. A folder that has checkpoints already
 * needs --resume: otherwise they would be lost, or mistaken for this training's. A folder used by a
 * running training is refused: that process holds a lock (flock) on it. If the folder fails later,
 * the training continues, since its model is still wanted, and the exit code reports the failure.
 */
#include "train_checkpoint.h"

#include "clock.h"
#include "inputs.h"
#include "output.h"
#include "train_files.h"
#include "train_report.h"
#include "train_resume.h"
#include "train_state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const double COST_SHARE = 0.01; /* share of the time spent on writing, if --every is not
                                        * given */

/* The name, in messages, of the option that gives the folder. */
static option_origin origin_of(const settings *s) {
  return settings_origin(s, settings_named(s, "checkpoint") ? "checkpoint" : "resume");
}

static int fail_folder(const settings *s, const char *what) {
  return fail(EXIT_FAILED, "%s: %s: %s: %s", origin_of(s).text, s->checkpoint, what,
              strerror(errno));
}

/* Creates a folder and its parents. `made`: the folder is new. */
static bool make_folder(const char *path, bool *made) {
  char part[PLACE_TEXT];
  if ((size_t)snprintf(part, sizeof part, "%s", path) >= sizeof part) {
    errno = ENAMETOOLONG;
    return false;
  }
  for (char *slash = part; (slash = strchr(slash + 1, '/'));) {
    *slash = '\0';
    mkdir(part, 0777); /* a failure shows in the final call */
    *slash = '/';
  }
  *made = mkdir(path, 0777) == 0;
  return *made || errno == EEXIST;
}

/* Locks the folder until checkpoint_clear. Returns false if another training holds the lock. On a
 * file system without locks nothing is locked. */
static bool lock_folder(checkpoints *c, const char *path) {
  c->lock = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  return c->lock < 0 || flock(c->lock, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
}

/* True if files with contents can be created there. */
static bool try_folder(const char *path) {
  char name[PLACE_TEXT];
  snprintf(name, sizeof name, "%s/.ebb-try-%ld", path, (long)getpid());
  int file = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return false;
  bool good = write(file, "\n", 1) == 1;
  int why = errno;
  close(file);
  unlink(name);
  errno = why;
  return good;
}

/* `step-`, at least 12 digits, `.json` */
static bool is_checkpoint(const char *name) {
  size_t digits = strncmp(name, "step-", 5) == 0 ? strspn(name + 5, "0123456789") : 0;
  return digits >= 12 && strcmp(name + 5 + digits, ".json") == 0;
}

static bool has_checkpoints(const char *path) {
  DIR *folder = opendir(path);
  bool found = false;
  for (struct dirent *entry; folder && !found && (entry = readdir(folder));)
    found = is_checkpoint(entry->d_name);
  if (folder) closedir(folder);
  return found;
}

/* Refuses options about checkpoints if there are none. */
static int check_options(const settings *s) {
  static const char *const names[] = {"every", "keep-checkpoints"};
  if (s->checkpoint && is_stream(s->checkpoint))
    return fail(EXIT_USAGE, "%s: they cannot go to standard output; name a folder",
                origin_of(s).text);
  if (s->checkpoint) return EXIT_GOOD;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (settings_named(s, names[i]))
      return fail(EXIT_USAGE,
                  "%s: no checkpoints are written without --checkpoint, which names their "
                  "folder",
                  settings_origin(s, names[i]).text);
  return EXIT_GOOD;
}

/* Notes the other possible meaning of --keep. */
static void note_keep(const settings *s) {
  if (s->keep_counts)
    note(
        s,
        "keep     checkpoints, the newest %zu; to keep the column of that number, name it, or give "
        "--keep-checkpoints too",
        s->keep_checkpoints);
}

int checkpoint_begin(training *t) {
  const settings *s = t->s;
  int code = check_options(s);
  if (code != EXIT_GOOD || !s->checkpoint) return code;
  note_keep(s);
  if (!make_folder(s->checkpoint, &t->checkpoints.made))
    return fail_folder(s, "the folder cannot be made");
  if (!lock_folder(&t->checkpoints, s->checkpoint))
    return fail(EXIT_FAILED, "%s: %s: in use by another training", origin_of(s).text,
                s->checkpoint);
  bool goes_on = s->resume && same_path(s->checkpoint, s->resume);
  if (!goes_on && has_checkpoints(s->checkpoint))
    return fail(
        EXIT_USAGE,
        "%s: %s has the checkpoints of a training; --resume %s goes on with it; name another "
        "folder to begin anew",
        origin_of(s).text, s->checkpoint, s->checkpoint);
  return try_folder(s->checkpoint) ? EXIT_GOOD : fail_folder(s, "cannot be written");
}

/* Reports come at least every half second. That is often enough for the sentinel, whose exact steps
 * are requested only if those of the checkpoints do not suffer. */
size_t checkpoint_report_steps(const settings *s) {
  size_t sentinel = s->sentinel, every = s->checkpoint ? (size_t)s->every.steps : 0;
  if (!every) return sentinel < 1000 ? sentinel : 0;
  return sentinel && sentinel < every && every % sentinel == 0 ? sentinel : every;
}

/* ---- resuming ---- */

static void report_damaged(const char *lines) {
  while (*lines) {
    int length = (int)strcspn(lines, "\n");
    remark("resume   passed over: %.*s", length, lines);
    lines += length + (lines[length] == '\n');
  }
}

/* A finished training, and what else can be done with it. */
static void note_finished(const training *t) {
  if (t->last.stopped_early && t->last.epoch - t->last.best_epoch >= t->options.patience)
    note(t->s,
         "resume   nothing is left to do: it has stopped after %zu epoch%s without a better one; a "
         "larger --patience asks for more",
         t->last.epoch - t->last.best_epoch, plural(t->last.epoch - t->last.best_epoch));
  else if (t->finished >= t->options.epochs)
    note(t->s,
         "resume   nothing is left to do: %zu of %zu epoch%s are done; --epochs asks for more",
         t->finished, t->options.epochs, plural(t->options.epochs));
}

static int take_over(training *t, const ebb_checkpoint_info *info) {
  const settings *s = t->s;
  int code = state_take(t, info);
  if (code != EXIT_GOOD) return code;
  report_damaged(info->damaged);
  snprintf(t->resumed.path, sizeof t->resumed.path, "%s", info->path);
  t->resumed.step = info->step;
  t->unprofiled = info->step;
  t->watched = info->step;
  t->kept = t->options.keep_best && t->last.best_epoch > 0 ? &t->best : &t->last;
  t->checkpoints.step = info->step;
  t->checkpoints.epoch = info->epoch;
  t->checkpoints.written = same_path(s->checkpoint, s->resume);
  note(s, "resume   %s: %llu step%s and %zu epoch%s are done", info->path,
       (unsigned long long)info->step, plural(info->step), info->epoch, plural(info->epoch));
  note_finished(t);
  return EXIT_GOOD;
}

int checkpoint_resume(training *t) {
  const settings *s = t->s;
  t->checkpoints.seconds = clock_seconds();
  if (!s->resume) return EXIT_GOOD;
  ebb_checkpoint_info info = {0};
  ebb_status status = ebb_trainer_resume(t->trainer, s->resume, &info);
  if (status == EBB_ERR_ARGUMENT)
    return fail_lines(EXIT_INPUT, "%s: %s", settings_origin(s, "resume").text, ebb_error_message());
  if (status != EBB_OK) return fail_option(s, "resume", status);
  int code = take_over(t, &info);
  ebb_checkpoint_info_clear(&info);
  return code;
}

/* ---- writing ---- */

static void write_one(training *t, const ebb_report *report) {
  const settings *s = t->s;
  checkpoints *c = &t->checkpoints;
  double start = clock_seconds();
  char *text = state_text(t);
  ebb_status status = text ? ebb_trainer_save(t->trainer, s->checkpoint, s->keep_checkpoints, text)
                           : EBB_ERR_MEMORY;
  c->written = status == EBB_OK;
  if (!c->written && c->code == EXIT_GOOD) {
    report_end_line(t);
    c->code = fail(EXIT_FAILED, "%s: %s; %sthe training does not end for it", origin_of(s).text,
                   text ? ebb_error_message() : "no memory for a checkpoint",
                   has_checkpoints(s->checkpoint) ? "earlier checkpoints stay, and " : "");
  }
  free(text);
  c->seconds = clock_seconds();
  c->cost = c->seconds - start;
  c->step = report->step;
  c->epoch = t->finished;
}

/* Steps and epochs are counted from the very first, so a resumed training has its checkpoints at
 * the same ones. An explicit --every is followed at any cost. */
static bool is_time(const training *t, const ebb_report *report) {
  const interval *every = &t->s->every;
  const checkpoints *c = &t->checkpoints;
  if (every->steps) return report->step / every->steps > c->step / every->steps;
  if (every->epochs) return t->finished / every->epochs > c->epoch / every->epochs;
  double pause = every->seconds, least = c->cost / COST_SHARE;
  if (pause < least && !settings_named(t->s, "every")) pause = least;
  return clock_seconds() - c->seconds >= pause;
}

void checkpoint_write_if_due(training *t, const ebb_report *report) {
  t->checkpoints.written = false;
  if (t->s->checkpoint && is_time(t, report)) write_one(t, report);
}

void checkpoint_end(training *t) {
  if (t->s->checkpoint && !t->checkpoints.written) write_one(t, &t->last);
}

void checkpoint_clear(training *t) {
  if (t->checkpoints.made) rmdir(t->s->checkpoint); /* fails if it is not empty */
  if (t->checkpoints.lock >= 0) close(t->checkpoints.lock);
}

bool checkpoint_exists(const settings *s) {
  return s->checkpoint && has_checkpoints(s->checkpoint);
}

void checkpoint_advise(const settings *s) {
  ebb_checkpoint_info info = {0};
  if (!checkpoint_exists(s) || ebb_checkpoint_describe(&info, s->checkpoint) != EBB_OK) return;
  fputs("ebb: ", stderr);
  shell_word(stderr, tool_name(NULL));
  fputs(" train --resume ", stderr);
  shell_word(stderr, s->checkpoint);
  fprintf(stderr, " goes on from step %llu\n", (unsigned long long)info.step);
  ebb_checkpoint_info_clear(&info);
}

void checkpoint_note(const training *t) {
  if (!t->s->checkpoint || !t->checkpoints.written || t->s->quiet) return;
  fputs("resume   ", stderr);
  shell_word(stderr, tool_name(NULL));
  fputs(" train --resume ", stderr);
  shell_word(stderr, t->s->checkpoint);
  fputs(" goes on from here\n", stderr);
}
