/* A table: a file's columns, and what was decided about each. */
#ifndef EBBI_TABLE_H
#define EBBI_TABLE_H

#include "data/raw.h"

/* Why a column has its use and kind, if its values decided. */
typedef enum ebbi_reason {
  EBBI_PLAIN,       /* nothing to report */
  EBBI_ROW_NUMBERS, /* left out: 0, 1, 2, … */
  EBBI_NUMBERED,    /* left out: distinct whole numbers, consecutive or named as an id */
  EBBI_ALL_TEXTS,   /* left out: texts that mostly differ */
  EBBI_NEARLY,      /* left out: the same, and most of them read as numbers */
  EBBI_EMPTY,       /* left out */
  EBBI_READ_TEXTS,  /* amounts, dates, times: texts read as numbers */
  EBBI_MIXED,       /* numbers and texts mixed: categories */
  EBBI_SCATTERED,   /* categories by an option, most of them too rare to learn */
  EBBI_REASONS
} ebbi_reason;

/* What was decided about a column of the file. Numbers, amounts and dates have raw numbers (dates:
 * days since 1970-01-01, the time of day as a fraction); categories have raw codes and texts. */
typedef struct ebbi_column {
  ebb_column_use use;
  ebb_column_kind kind;
  ebbi_reason reason;
  char format[16]; /* AMOUNT: the unit, "h:m", "m:s", or ""; DATE: the order, "y-m-d", "d-m-y",
                    * "m-d-y" */
  char why[120];
} ebbi_column;

typedef struct ebbi_target {
  size_t cols; /* 0: no target */
  ebb_task task;
  ebbi_names names;     /* [cols] */
  char reason[64];      /* why this task; "" if it was requested */
  ebbi_cells *codes;    /* classification: [rows of the raw file], class indices, -1: missing */
  ebbi_names classes;   /* classification: sorted (numbers by value) */
  ebbi_cells **numbers; /* regression: [cols] of [rows of the raw file], NaN: missing */
} ebbi_target;

struct ebb_table {
  ebbi_raw raw;
  ebbi_column *columns; /* [raw.cols] */
  size_t *inputs;       /* [cols]: input columns of the file, ascending; with an encoder, in its
                         * order */
  size_t cols;
  bool weighted; /* column `weight` holds the rows' weights, or `weights` [raw.rows] does */
  size_t weight;
  const float *weights; /* of arrays: the caller's */
  size_t *ids;          /* [id_count]: columns that are passed through */
  size_t id_count;
  uint32_t *kept; /* [rows]: the file's rows that belong to the table; NULL: all */
  size_t rows;
  char *labels_path; /* path of the labels file; NULL: the target is in the file */
  ebbi_target target;
  ebbi_notes notes;
  bool refuse_unknown;
  char summary[512];
};

/* The row of the file that is a row of the table. */
static inline size_t ebbi_table_row(const ebb_table *table, size_t row) {
  return table->kept ? table->kept[row] : row;
}

/* The class of a row of the table, or one of its values. */
static inline int32_t ebbi_table_class(const ebb_table *table, size_t row) {
  return ebbi_cells_code(table->target.codes, ebbi_table_row(table, row));
}
static inline double ebbi_table_value(const ebb_table *table, size_t row, size_t target) {
  return ebbi_cells_get(table->target.numbers[target], ebbi_table_row(table, row));
}

/* The weight of a row of the table; 1 if it has none. */
double ebbi_table_weight(const ebb_table *table, size_t row);

/* input: from 0 to table->cols - 1. NaN if missing; for numeric kinds. */
double ebbi_table_number(const ebb_table *table, size_t row, size_t input);
/* The code of a category, -1 if missing; its text is in ebbi_table_texts(table, input). */
int32_t ebbi_table_code(const ebb_table *table, size_t row, size_t input);
const ebbi_names *ebbi_table_texts(const ebb_table *table, size_t input);
ebb_column_kind ebbi_table_kind(const ebb_table *table, size_t input);
const char *ebbi_table_name(const ebb_table *table, size_t input);

/* Fails with EBB_ERR_INPUT, naming row and input column, or the row's target. */
ebb_status ebbi_table_fail(const ebb_table *table, size_t row, size_t input, const char *format,
                           ...) __attribute__((format(printf, 4, 5)));
ebb_status ebbi_target_fail(const ebb_table *table, size_t row, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Makes a table of a raw, which it takes over, also if it fails. */
ebb_status ebbi_table_take(ebb_table **out, ebbi_raw *raw, const ebb_read_options *options);

/* Reads a table from the bytes of a file, which are freed here or with the table; bytes[size] must
 * be 0. `path` is used only in messages; options->labels is ignored. */
ebb_status ebbi_table_parse(ebb_table **out, const char *path, char *bytes, size_t size,
                            const ebb_read_options *options);

/* Adds the target of a labels file, whose bytes are freed, to a table without a target. */
ebb_status ebbi_table_add_labels(ebb_table *table, const char *path, char *bytes, size_t size,
                                 const ebb_read_options *options);

/* Keeps the table's rows whose `good` [rows] is true. Errors: EBB_ERR_MEMORY. */
ebb_status ebbi_table_keep(ebb_table *table, const bool *good);

/* Writes the summary (table_info.c). */
void ebbi_table_summarise(ebb_table *table);

#endif
