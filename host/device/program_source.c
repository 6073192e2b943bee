/* The source of a program: one kernel with everything that its file contains and includes.
 *
 * Sources come from the library itself or, file by file, from the folder EBB_KERNEL_DIR during
 * development. #include lines are resolved here, each file once, so the driver sees one text with
 * #line marks and needs no include path. The file's other kernels are removed, since a driver
 * compiles everything it is given: a kernel extends from a line that begins with __kernel to a line
 * that begins with a brace. A kernel formatted differently is kept, which only costs time.
 * Rejected: one file for each kernel, which would separate kernels that share code and comments.
 */
#include "cl.h"
#include "kernel_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILES_MAX = 32 };

/* A program's source under construction. */
typedef struct source {
  const char *kernel; /* the wanted kernel */
  FILE *stream;       /* writes to text */
  char *text;
  size_t size;
  const char *included[FILES_MAX];
  size_t included_count;
} source;

static const ebbi_kernel_file *embedded_file(const char *name, size_t length) {
  for (const ebbi_kernel_file *file = ebbi_kernel_files; file->name; file++)
    if (strlen(file->name) == length && strncmp(file->name, name, length) == 0) return file;
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

static ebb_status append_file(source *to, const char *name, size_t name_length);

static ebb_status append_lines(source *to, const char *text, const char *name) {
  size_t number = 1, length;
  append_mark(to, number, name);
  for (const char *line = text, *next; *line != '\0'; line = next) {
    const char *inner = included_name(line, &length), *after = after_other_kernel(line, to->kernel);
    next = after ? after : next_line(line);
    if (inner) TRY(append_file(to, inner, length));
    if (!inner && !after) append(to, line, (size_t)(next - line));
    for (const char *at = line; at < next; at = next_line(at)) number++;
    if (inner || after) append_mark(to, number, name);
  }
  append(to, "\n", 1); /* the last line may lack a line end */
  return EBB_OK;
}

static ebb_status append_file(source *to, const char *name, size_t name_length) {
  const ebbi_kernel_file *file = embedded_file(name, name_length);
  REQUIRE(file, EBB_ERR_DEVICE, "kernel file %.*s: there is none", (int)name_length, name);
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

ebb_status ebbi_program_source(char **text, const char *file, const char *kernel) {
  source to = {.kernel = kernel};
  to.stream = open_memstream(&to.text, &to.size);
  REQUIRE(to.stream, EBB_ERR_MEMORY, "kernel %s: no memory", kernel);
  ebb_status status = append_file(&to, file, strlen(file));
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
