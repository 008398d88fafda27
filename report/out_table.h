/* SPDX-License-Identifier: MIT */
/* What tables share: libsmartcols, whose failures are told. */
#ifndef TSHM_OUT_TABLE_H
#define TSHM_OUT_TABLE_H

#include <libsmartcols.h>

#include "out.h"

struct tshm_column { const char *name; double width; int flags; };

struct libscols_table *tshm_table_new(const struct tshm_out *, const struct tshm_column *, size_t count);
void tshm_table_print(const struct tshm_out *, struct libscols_table *);	/* and frees it */
struct libscols_line *tshm_table_line(struct libscols_table *, struct libscols_line *parent);
void tshm_table_cell(struct libscols_line *, size_t column, char *text);	/* the line takes the string */
void tshm_table_cell_escaped(struct libscols_line *, size_t column, const char *text);
/* Where an acquisition was made, in one line: the leaf of its stack.  To be freed. */
char *tshm_table_leaf(const struct tshm_out *, const struct tshm_image *, uint32_t site);

/* CUDA IPC handles, exporters with their importers below; nothing if there are none. */
void tshm_out_table_ipc(const struct tshm_out *);

#endif
