/* NPZ, NumPy's format for several arrays: a ZIP archive of NPY files, unpacked by libzip.
 *
 * The arrays are told apart by the usual names or by those of numpy.savez. If these do not decide,
 * all arrays are listed and none is guessed: a network trained on the wrong array looks as good as
 * any. Members are unpacked into memory that grows with the bytes that arrive.
 */
#include "formats.h"

#include "base/error.h"
#include "budget.h"
#include "input.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

typedef struct archive {
  const char *path;
  size_t size; /* in bytes */
  zip_t *zip;
  size_t files;    /* of any kind */
  size_t *members; /* indices of the NPY files */
  size_t count;
} archive;

static const char *const input_names[] = {"x",       "X",       "data",         "features",
                                          "x_train", "X_train", "train_images", "arr_0"};
static const char *const label_names[] = {"y",       "Y",       "labels",       "target",
                                          "y_train", "Y_train", "train_labels", "arr_1"};
/* Used if none of the former exists: "images" may be the inputs in another shape. */
static const char *const further_inputs[] = {"images", "inputs", "", "", "", "", "", ""};
static const char *const further_labels[] = {"label", "targets", "", "", "", "", "", ""};
enum { NAMES = sizeof input_names / sizeof *input_names, LISTED = 12, LINE = 1024 };

/* Archives of other kinds, by the name of a file in them. */
static const struct {
  const char *file, *what, *advice;
} others[] = {{"xl/", "an Excel workbook (xlsx)", "save the sheet as CSV"},
              {"content.xml", "an OpenDocument file (ods)", "save the sheet as CSV"},
              {"word/", "a Word document", "save its table as CSV"},
              {"archive/data.pkl", "a PyTorch file", "save the tensors with numpy.savez"}};

bool ebbi_is_zip(const char *bytes, size_t size) {
  return size >= 4 && (memcmp(bytes, "PK\3\4", 4) == 0 || memcmp(bytes, "PK\5\6", 4) == 0);
}

static const char *file_name(const archive *a, size_t index) {
  const char *name = zip_get_name(a->zip, index, ZIP_FL_ENC_GUESS);
  return name ? name : "";
}

/* Length of a member's name without ".npy". */
static size_t name_length(const char *name) {
  size_t length = strlen(name);
  return length > 4 && strcmp(name + length - 4, ".npy") == 0 ? length - 4 : 0;
}

static bool is_named(const archive *a, size_t member, const char *wanted) {
  const char *name = file_name(a, a->members[member]);
  return strlen(wanted) == name_length(name) && strncmp(name, wanted, strlen(wanted)) == 0;
}

static const char *shown_name(char out[EBBI_SHOWN], const archive *a, size_t member) {
  char name[256];
  const char *file = file_name(a, a->members[member]);
  snprintf(name, sizeof name, "%.*s", (int)name_length(file), file);
  return ebbi_shown(out, name);
}

static ebb_status refuse_other(const archive *a) {
  char shown[EBBI_SHOWN];
  for (size_t i = 0; i < a->files; i++)
    for (size_t k = 0; k < sizeof others / sizeof *others; k++)
      REQUIRE(strncmp(file_name(a, i), others[k].file, strlen(others[k].file)) != 0, EBB_ERR_INPUT,
              "%s: this is %s, which cannot be read; %s", a->path, others[k].what,
              others[k].advice);
  return ebbi_fail(EBB_ERR_INPUT,
                   "%s: a ZIP archive without arrays (.npy): %zu file%s, the first is \"%s\"; "
                   "unpack it first",
                   a->path, a->files, a->files == 1 ? "" : "s",
                   ebbi_shown(shown, a->files ? file_name(a, 0) : ""));
}

/* A file of the archive with a 0 after it; the caller frees the bytes. `options` NULL: only the
 * first `wanted` bytes, without checks. */
static ebb_status unpack_file(char **bytes, ebbi_unpacking *u, zip_file_t *file, size_t wanted,
                              const ebb_read_options *options) {
  enum { PIECE = EBBI_HEADER_SIZE };
  size_t capacity = 0;
  bool begun = false;
  for (zip_int64_t got = 1; got > 0 && u->size < wanted;) {
    if (capacity - u->size < 2) {
      capacity = capacity ? capacity + capacity / 2 : 4096;
      char *larger = realloc(*bytes, capacity);
      REQUIRE(larger, EBB_ERR_MEMORY, "%s: no memory for %zu bytes", u->path, capacity);
      *bytes = larger;
    }
    size_t room = capacity - u->size - 1;
    got = zip_fread(file, *bytes + u->size, room < PIECE ? room : PIECE);
    REQUIRE(got >= 0, EBB_ERR_INPUT, "%s: cannot be unpacked after byte %zu: %s", u->path, u->size,
            zip_file_strerror(file));
    u->size += (size_t)got;
    u->bytes = *bytes;
    (*bytes)[u->size] = '\0';
    if (!options) continue;
    if (!begun && (got == 0 || u->size >= EBBI_HEADER_SIZE)) {
      TRY(ebbi_unpacking_begin(u, options));
      begun = true;
    }
    TRY(ebbi_unpacking_check(u, options));
  }
  return EBB_OK;
}

static ebb_status unpack(char **bytes, size_t *size, const archive *a, size_t member, size_t wanted,
                         const ebb_read_options *options, size_t beside) {
  char name[EBBI_SHOWN];
  ebbi_unpacking u = {.path = a->path, .packed = a->size, .beside = a->size + beside};
  *bytes = NULL;
  zip_file_t *file = zip_fopen_index(a->zip, a->members[member], 0);
  REQUIRE(file, EBB_ERR_INPUT, "%s: array \"%s\" cannot be unpacked: %s", a->path,
          shown_name(name, a, member), zip_strerror(a->zip));
  ebb_status status = unpack_file(bytes, &u, file, wanted, options);
  zip_fclose(file);
  *size = u.size;
  if (status != EBB_OK) {
    free(*bytes);
    *bytes = NULL;
  }
  return status;
}

/* Appends ` "x" float32 [200, 3]` to the line. */
static void describe(char line[LINE], const archive *a, size_t member) {
  char name[EBBI_SHOWN], shown[EBBI_ARRAY_SHOWN], *bytes;
  size_t size, start, used = strlen(line);
  ebbi_array array;
  bool known = unpack(&bytes, &size, a, member, 4096, NULL, 0) == EBB_OK &&
               ebbi_is_npy(bytes, size) &&
               ebbi_npy_header(&array, &start, a->path, bytes, size) == EBB_OK;
  snprintf(line + used, LINE - used, "%s \"%s\" %s", used ? "," : "", shown_name(name, a, member),
           known ? ebbi_array_shown(shown, &array) : "(no array of numbers or texts)");
  free(bytes);
}

static ebb_status refuse_names(const archive *a, const char *what) {
  char line[LINE] = "";
  for (size_t i = 0; i < a->count && i < LISTED; i++) describe(line, a, i);
  return ebbi_fail(EBB_ERR_INPUT,
                   "%s: cannot tell which array holds the %s:%s%s; save them by these names: "
                   "numpy.savez(FILE, x=INPUTS, y=LABELS)",
                   a->path, what, line, a->count > LISTED ? ", ..." : "");
}

/* The member with one of the names, or EBBI_NO_INDEX. Positional names such as arr_0 mean nothing
 * if there are more than two arrays. */
static ebb_status find(size_t *found, const archive *a, const char *const names[NAMES],
                       const char *what) {
  *found = EBBI_NO_INDEX;
  for (size_t i = 0; i < a->count; i++)
    for (size_t k = 0; k < NAMES; k++) {
      if (!is_named(a, i, names[k])) continue;
      if (*found != EBBI_NO_INDEX || (k == NAMES - 1 && a->count > 2)) return refuse_names(a, what);
      *found = i;
    }
  return EBB_OK;
}

static ebb_status find_any(size_t *found, const archive *a, bool labels, const char *what) {
  TRY(find(found, a, labels ? label_names : input_names, what));
  if (*found != EBBI_NO_INDEX) return EBB_OK;
  return find(found, a, labels ? further_labels : further_inputs, what);
}

static bool has(const archive *a, const char *name) {
  for (size_t i = 0; i < a->count; i++)
    if (is_named(a, i, name)) return true;
  return false;
}

/* Chooses the array of the raw file itself, and its labels or EBBI_NO_INDEX. */
static ebb_status choose(size_t *chosen, size_t *labels, const archive *a,
                         const ebbi_wishes *wishes) {
  const ebb_read_options *options = wishes->options;
  REQUIRE(!has(a, "indptr") || !has(a, "indices"), EBB_ERR_INPUT,
          "%s: a sparse matrix of scipy; save numpy.savez(FILE, x=matrix.toarray())", a->path);
  *labels = EBBI_NO_INDEX;
  *chosen = 0;
  if (a->count == 1) return EBB_OK;
  const char *what = wishes->labels ? "labels" : "inputs";
  TRY(find_any(chosen, a, wishes->labels, what));
  if (*chosen == EBBI_NO_INDEX) return refuse_names(a, what);
  if (wishes->labels || options->no_target || options->labels) return EBB_OK;
  return find_any(labels, a, true, "labels");
}

/* Notes which array was taken for what, and which were ignored. */
static ebb_status note_choice(ebbi_raw *raw, const archive *a, size_t chosen, size_t labels,
                              const ebbi_wishes *wishes) {
  char line[LINE] = "", beside[LINE] = "", left[LINE] = "", name[EBBI_SHOWN];
  describe(line, a, chosen);
  if (labels != EBBI_NO_INDEX) describe(beside, a, labels);
  for (size_t i = 0; i < a->count; i++) {
    size_t used = strlen(left);
    if (i != chosen && i != labels)
      snprintf(left + used, LINE - used, " \"%s\"", shown_name(name, a, i));
  }
  return ebbi_notes_add(&raw->notes, false, "%s: %s:%.160s%s%.160s%s%.120s", a->path,
                        wishes->labels ? "labels" : "inputs", line, *beside ? "; labels:" : "",
                        beside, *left ? "; not used:" : "", left);
}

/* Checks the sizes claimed in the archive before unpacking. */
static ebb_status check_claim(const archive *a, size_t member, const ebb_read_options *options) {
  zip_stat_t about;
  char name[EBBI_SHOWN];
  bool known =
      zip_stat_index(a->zip, a->members[member], 0, &about) == 0 && about.valid & ZIP_STAT_SIZE;
  if (!known) return EBB_OK;
  REQUIRE(about.size <= EBBI_FILE_LIMIT, EBB_ERR_INPUT,
          "%s: array \"%s\" is said to have %" PRIu64 " bytes, more than the limit of %zu", a->path,
          shown_name(name, a, member), (uint64_t)about.size, EBBI_FILE_LIMIT);
  return ebbi_budget_check(options, a->path, a->size + about.size, EBBI_NO_INDEX);
}

/* `beside`: bytes of the arrays loaded before. */
static ebb_status load(ebbi_raw *raw, const archive *a, size_t member, size_t beside,
                       const ebb_read_options *options) {
  char name[EBBI_SHOWN];
  TRY(check_claim(a, member, options));
  TRY(unpack(&raw->bytes, &raw->size, a, member, SIZE_MAX, options, beside));
  REQUIRE(ebbi_is_npy(raw->bytes, raw->size), EBB_ERR_INPUT, "%s: \"%s.npy\" is not an NPY file",
          a->path, shown_name(name, a, member));
  return ebbi_raw_from_array(raw);
}

static ebb_status load_labels(ebbi_raw *raw, const archive *a, size_t member,
                              const ebb_read_options *options) {
  char name[EBBI_SHOWN];
  shown_name(name, a, member);
  size_t room = strlen(a->path) + EBBI_SHOWN + 3;
  raw->labels = calloc(1, sizeof *raw->labels);
  if (raw->labels) raw->labels->path = malloc(room);
  REQUIRE(raw->labels && raw->labels->path, EBB_ERR_MEMORY, "%s: no memory for labels", a->path);
  snprintf(raw->labels->path, room, "%s[%s]", a->path, name);
  return load(raw->labels, a, member, raw->size, options);
}

static ebb_status read_archive(ebbi_raw *raw, archive *a, const ebbi_wishes *wishes) {
  size_t chosen, labels;
  zip_int64_t files = zip_get_num_entries(a->zip, 0);
  a->files = files > 0 ? (size_t)files : 0;
  a->members = calloc(a->files + 1, sizeof *a->members);
  REQUIRE(a->members, EBB_ERR_MEMORY, "%s: no memory for %zu names", a->path, a->files);
  for (size_t i = 0; i < a->files; i++)
    if (name_length(file_name(a, i)) > 0) a->members[a->count++] = i;
  if (a->count == 0) return refuse_other(a);
  TRY(choose(&chosen, &labels, a, wishes));
  TRY(note_choice(raw, a, chosen, labels, wishes));
  TRY(load(raw, a, chosen, 0, wishes->options));
  return labels == EBBI_NO_INDEX ? EBB_OK : load_labels(raw, a, labels, wishes->options);
}

static ebb_status open_archive(ebbi_raw *raw, archive *a, const char *bytes,
                               const ebbi_wishes *wishes) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t *source = zip_source_buffer_create(bytes, a->size, 0, &error);
  if (source) a->zip = zip_open_from_source(source, ZIP_RDONLY, &error);
  if (source && !a->zip) zip_source_free(source);
  ebb_status status = a->zip ? read_archive(raw, a, wishes)
                             : ebbi_fail(EBB_ERR_INPUT, "%s: a damaged ZIP archive: %s", raw->path,
                                         zip_error_strerror(&error));
  if (a->zip) zip_discard(a->zip);
  zip_error_fini(&error);
  free(a->members);
  return status;
}

/* The raw file's bytes are replaced by those of the chosen array. */
ebb_status ebbi_npz_read(ebbi_raw *raw, const ebbi_wishes *wishes) {
  char *bytes = raw->bytes;
  archive a = {.path = raw->path, .size = raw->size};
  raw->bytes = NULL;
  raw->size = 0;
  ebb_status status = open_archive(raw, &a, bytes, wishes);
  free(bytes);
  return status;
}
