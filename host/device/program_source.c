/* The source of a program: one kernel with everything that its file contains and includes.
 *
 * Sources come from the library itself or, file by file, from the folder EBB_KERNEL_DIR during
 * development. #include lines are resolved here, each file once, so the driver sees one text with
 * #line marks and needs no include path. The file's other kernels are removed, since a driver
 * compiles everything it is given: a kernel extends from a line that begins with __kernel to a line
 * that begins with a brace. A kernel formatted differently is kept, which only costs time.
 * Rejected: one file for each kernel, which would separate kernels that share code and comments.
 *
 * An #include of a name in capitals, "loss_LOSS.h", takes the file that the build option names:
 * with -DLOSS=mse loss_mse.h. Without the option nothing is included.
 */
#include "cl.h"
#include "kernel_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILES_MAX = 32, NAME_ROOM = 128 };

/* A program's source under construction. */
typedef struct source {
  const char *kernel, *options; /* the wanted kernel, and its build options */
  FILE *stream;                 /* writes to text */
  char *text;
  size_t size;
  const char *included[FILES_MAX];
  size_t included_count;
} source;

static const ebbi_kernel_file *embedded_file(const char *name) {
  for (const ebbi_kernel_file *file = ebbi_kernel_files; file->name; file++)
    if (strcmp(file->name, name) == 0) return file;
  return NULL;
}

/* The text of a kernel file, from EBB_KERNEL_DIR if it is there, otherwise embedded. */
static ebb_status load_file(char **text, const ebbi_kernel_file *file) {
  TRY(ebbi_kernel_folder_read(text, file->name));
  if (!*text) *text = strdup(file->text);
  REQUIRE(*text, EBB_ERR_MEMORY, "kernel file %s: no memory", file->name);
  return EBB_OK;
}

static bool begins_with(const char *text, const char *start) {
  return strncmp(text, start, strlen(start)) == 0;
}

static const char *next_line(const char *line) {
  line += strcspn(line, "\n");
  return line + (*line == '\n');
}

/* The name between the quotes of an #include line, or NULL. */
static const char *included_name(const char *line, size_t *length) {
  static const char directive[] = "#include \"";
  if (!begins_with(line, directive)) return NULL;
  const char *name = line + sizeof directive - 1;
  *length = strcspn(name, "\"\n");
  return name;
}

/* The value of the build option -Dword=, or NULL. */
static const char *option_value(size_t *length, const char *options, const char *word,
                                size_t word_length) {
  for (const char *at = options; (at = strstr(at, "-D")) != NULL; at++) {
    if (strncmp(at + 2, word, word_length) != 0 || at[2 + word_length] != '=') continue;
    const char *value = at + 2 + word_length + 1;
    *length = strcspn(value, " ");
    return value;
  }
  return NULL;
}

/* An included name with its word in capitals replaced; empty if there is no such option. */
static ebb_status resolve_name(char name[NAME_ROOM], const source *to, const char *included,
                               size_t length) {
  static const char capitals[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  size_t before = strcspn(included, capitals), word = 0, value_length = 0;
  const char *value = included + length;
  if (before < length) {
    word = strspn(included + before, capitals);
    value = option_value(&value_length, to->options, included + before, word);
  } else {
    before = length;
  }
  name[0] = '\0';
  if (!value) return EBB_OK;
  const char *after = included + before + word;
  int written = snprintf(name, NAME_ROOM, "%.*s%.*s%.*s", (int)before, included, (int)value_length,
                         value, (int)(included + length - after), after);
  REQUIRE(written < NAME_ROOM, EBB_ERR_DEVICE, "kernel file %s: its name is too long", name);
  return EBB_OK;
}

/* If a kernel other than the wanted one begins here, the line after it; otherwise NULL. */
static const char *after_other_kernel(const char *line, const char *wanted) {
  if (!begins_with(line, "__kernel ")) return NULL;
  const char *name = strstr(line, "void "), *end = strstr(line, "\n}");
  if (!name || !end || name > end) return NULL;
  name += strlen("void ");
  bool other = strcspn(name, "(") != strlen(wanted) || !begins_with(name, wanted);
  return other ? next_line(end + 1) : NULL;
}

static void append(source *to, const char *text, size_t length) {
  fwrite(text, 1, length, to->stream); /* fclose reports failures */
}

/* Writes a #line mark for the next line. */
static void append_mark(source *to, size_t line, const char *name) {
  char mark[128];
  snprintf(mark, sizeof mark, "#line %zu \"%s\"\n", line, name);
  append(to, mark, strlen(mark));
}

static ebb_status append_file(source *to, const char *name);

static ebb_status append_lines(source *to, const char *text, const char *name) {
  size_t number = 1, length;
  append_mark(to, number, name);
  for (const char *line = text, *next; *line != '\0'; line = next) {
    const char *inner = included_name(line, &length), *after = after_other_kernel(line, to->kernel);
    next = after ? after : next_line(line);
    if (inner) {
      char included[NAME_ROOM];
      TRY(resolve_name(included, to, inner, length));
      if (included[0]) TRY(append_file(to, included));
    }
    if (!inner && !after) append(to, line, (size_t)(next - line));
    for (const char *at = line; at < next; at = next_line(at)) number++;
    if (inner || after) append_mark(to, number, name);
  }
  append(to, "\n", 1); /* the last line may lack a line end */
  return EBB_OK;
}

static ebb_status append_file(source *to, const char *name) {
  const ebbi_kernel_file *file = embedded_file(name);
  REQUIRE(file, EBB_ERR_DEVICE, "kernel file %s: there is none", name);
  for (size_t i = 0; i < to->included_count; i++)
    if (to->included[i] == file->name) return EBB_OK;
  REQUIRE(to->included_count < FILES_MAX, EBB_ERR_DEVICE, "kernel file %s: too many files",
          file->name);
  to->included[to->included_count++] = file->name;
  char *text;
  TRY(load_file(&text, file));
  ebb_status status = append_lines(to, text, file->name);
  free(text);
  return status;
}

ebb_status ebbi_program_source(char **text, const char *file, const char *kernel,
                               const char *options) {
  source to = {.kernel = kernel, .options = options};
  to.stream = open_memstream(&to.text, &to.size);
  REQUIRE(to.stream, EBB_ERR_MEMORY, "kernel %s: no memory", kernel);
  ebb_status status = append_file(&to, file);
  bool written = fclose(to.stream) == 0;
  if (status == EBB_OK && !written)
    status = ebbi_fail(EBB_ERR_MEMORY, "kernel %s: no memory", kernel);
  if (status != EBB_OK) {
    free(to.text);
    to.text = NULL;
  }
  *text = to.text;
  return status;
}
