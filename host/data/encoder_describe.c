/* Describes how an encoder treats each column, for people and programs. */
#include "data/encoder.h"

#include "base/error.h"
#include <stdio.h>

size_t ebb_encoder_columns(const ebb_encoder *encoder) {
  return encoder->columns;
}

/* Pixels, or columns that are passed through. */
static ebb_encoder_column_info plain_column(const ebb_encoder *encoder) {
  bool bytes = !encoder->bare && encoder->scale != 1;
  return (ebb_encoder_column_info){.name = "",
                                   .kind = bytes ? EBB_COLUMN_PIXEL : EBB_COLUMN_NUMBER,
                                   .inputs = 1,
                                   .deviation = 1 / encoder->scale};
}

ebb_status ebb_encoder_column(ebb_encoder_column_info *out, const ebb_encoder *encoder,
                              size_t index) {
  REQUIRE(out && encoder && index < encoder->columns, EBB_ERR_ARGUMENT,
          "ebb_encoder_column: there is no column %zu", index);
  if (!encoder->features) {
    *out = plain_column(encoder);
    return EBB_OK;
  }
  const ebbi_feature *f = &encoder->features[index];
  size_t part = f->kind == EBB_COLUMN_DATE ? EBBI_DATE_DAYS : 0;
  *out = (ebb_encoder_column_info){.name = encoder->names.items[index],
                                   .kind = f->kind,
                                   .inputs = ebbi_feature_inputs(f),
                                   .mean = f->mean[part],
                                   .deviation = f->deviation[part],
                                   .categories = f->categories.count,
                                   .other = f->other,
                                   .indicator = f->indicator};
  return EBB_OK;
}

double ebb_encoder_column_limit(const ebb_encoder *encoder, size_t index) {
  return encoder->features && index < encoder->columns ? encoder->features[index].limit : 0;
}

static const char *const date_parts[] = {"year", "month", "weekday", "days", "hour"};

/* The date part of the column's input `index`; EBBI_DATE_PARTS: none. */
static size_t date_part(const ebbi_feature *feature, size_t index) {
  size_t part = 0;
  for (; part < EBBI_DATE_PARTS; part++)
    if (feature->deviation[part] > 0 && index-- == 0) break;
  return part;
}

/* The suffix of an input's name after the column's name; "" if the column has a single input. */
static const char *input_of(const ebbi_feature *f, size_t index) {
  if (f->units > 0) return "";
  if (f->indicator && index + 1 == ebbi_feature_inputs(f)) return "missing";
  if (f->kind == EBB_COLUMN_DATE) return date_parts[date_part(f, index)];
  if (f->kind != EBB_COLUMN_CATEGORY) return "";
  return index < f->categories.count ? f->categories.items[index] : "other";
}

size_t ebbi_encoder_column_of(size_t *within, const ebb_encoder *encoder, size_t index) {
  size_t column = 0, end = encoder->columns;
  *within = 0;
  if (!encoder->features) return index;
  if (index < encoder->front) {
    while (!encoder->features[column].front || encoder->features[column].input != index) column++;
    return column;
  }
  while (end - column > 1) { /* finds the last column whose inputs begin at or before `index`; a
                              * column without inputs is skipped */
    size_t middle = column + (end - column) / 2;
    if (encoder->first[middle] <= index)
      column = middle;
    else
      end = middle;
  }
  *within = index - encoder->first[column] + encoder->features[column].front;
  return column;
}

void ebbi_encoder_input_name(char *out, size_t size, const ebb_encoder *encoder, size_t index) {
  size_t within, column = ebbi_encoder_column_of(&within, encoder, index);
  if (!encoder->features) {
    snprintf(out, size, "%zu", index);
    return;
  }
  const ebbi_feature *feature = &encoder->features[column];
  if (within < feature->pieces) {
    snprintf(out, size, "%s=%g to %g", encoder->names.items[column], feature->ends[within],
             feature->ends[within + 1]);
    return;
  }
  const char *part = input_of(feature, within);
  snprintf(out, size, "%s%s%s", encoder->names.items[column], *part ? "=" : "", part);
}
