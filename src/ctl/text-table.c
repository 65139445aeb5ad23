/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A table of text with aligned columns. Cleans every cell, so that rows can
 * be filled with what a guest chose. Pure: returns the text, prints nothing.
 */
#include "ctl/text-table.h"

#define GAP 2
/* With less room than this the last column is left for the terminal to wrap. */
#define MIN_WRAP_WIDTH 16

typedef struct {
    BpfpvStyle style;
    char *text; /* clean */
} Cell;

struct _BpfpvTextTable {
    GArray *columns;  /* of BpfpvTextColumn */
    GPtrArray *cells; /* of Cell, row by row; the first row is the headings */
};

static void
cell_free(gpointer data)
{
    Cell *cell = data;

    g_free(cell->text);
    g_free(cell);
}

/**
 * bpfpv_text_table_new:
 * @columns: what the columns are; the headings must be static
 * @n_columns: 1 or more
 *
 * Returns: (transfer full): a table without rows
 */
BpfpvTextTable *
bpfpv_text_table_new(const BpfpvTextColumn *columns, guint n_columns)
{
    BpfpvTextTable *table = g_new0(BpfpvTextTable, 1);

    table->columns = g_array_new(FALSE, FALSE, sizeof(*columns));
    g_array_append_vals(table->columns, columns, n_columns);
    table->cells = g_ptr_array_new_with_free_func(cell_free);
    for (guint i = 0; i < n_columns; i++)
        bpfpv_text_table_add(table, BPFPV_STYLE_HEADING, columns[i].heading);
    return table;
}

/**
 * bpfpv_text_table_free:
 * @table: (transfer full) (nullable): a table
 */
void
bpfpv_text_table_free(BpfpvTextTable *table)
{
    if (table == NULL)
        return;
    g_array_unref(table->columns);
    g_ptr_array_unref(table->cells);
    g_free(table);
}

/**
 * bpfpv_text_table_add:
 * @table: a table
 * @style: how the cell is shown where there is colour
 * @text: (nullable): any bytes, cleaned by this; nothing is shown as "-"
 *
 * Adds a cell, from left to right; the first of the next row follows the last
 * of this one.
 */
void
bpfpv_text_table_add(BpfpvTextTable *table, BpfpvStyle style, const char *text)
{
    Cell *cell = g_new0(Cell, 1);

    cell->style = style;
    cell->text = bpfpv_term_clean(text != NULL && *text != '\0' ? text : "-");
    g_ptr_array_add(table->cells, cell);
}

static const Cell *
cell_at(const BpfpvTextTable *table, guint row, guint column)
{
    return g_ptr_array_index(table->cells, row * table->columns->len + column);
}

static guint
column_width(const BpfpvTextTable *table, guint n_rows, guint column)
{
    guint width = 0;

    for (guint row = 0; row < n_rows; row++)
        width = MAX(width, bpfpv_term_text_width(cell_at(table, row, column)->text));
    return width;
}

static void
append_spaces(GString *out, guint n)
{
    g_string_append_printf(out, "%*s", (int)n, "");
}

static void
append_padded(const BpfpvTerm *term, GString *out, const Cell *cell, guint width,
              gboolean is_number)
{
    guint padding = width - bpfpv_term_text_width(cell->text);

    if (is_number)
        append_spaces(out, padding);
    bpfpv_term_append(term, out, cell->style, cell->text);
    append_spaces(out, GAP + (is_number ? 0 : padding));
}

/* Breaks at spaces into lines of @width, each after the first indented by @indent. A longer
 * word stays whole: it may be something to copy. */
static void
append_wrapped(const BpfpvTerm *term, GString *out, const Cell *cell, guint indent, guint width)
{
    g_auto(GStrv) words = g_strsplit(cell->text, " ", -1);
    g_autoptr(GString) line = g_string_new(NULL);
    guint used = 0;

    for (guint i = 0; words[i] != NULL; i++) {
        guint word = bpfpv_term_text_width(words[i]);

        if (line->len > 0 && used + 1 + word > width) {
            bpfpv_term_append(term, out, cell->style, line->str);
            g_string_append_c(out, '\n');
            append_spaces(out, indent);
            g_string_truncate(line, 0);
            used = 0;
        }
        if (line->len > 0)
            g_string_append_c(line, ' ');
        g_string_append(line, words[i]);
        used += word + (used > 0 ? 1 : 0);
    }
    bpfpv_term_append(term, out, cell->style, line->str);
}

static void
append_last(const BpfpvTerm *term, GString *out, const Cell *cell, guint indent, guint width,
            gboolean is_number)
{
    guint needed = bpfpv_term_text_width(cell->text);

    if (is_number) {
        append_spaces(out, width - needed);
        bpfpv_term_append(term, out, cell->style, cell->text);
    } else if (term->width >= indent + MIN_WRAP_WIDTH && indent + needed > term->width) {
        append_wrapped(term, out, cell, indent, term->width - indent);
    } else {
        bpfpv_term_append(term, out, cell->style, cell->text);
    }
    g_string_append_c(out, '\n');
}

static void
append_row(const BpfpvTextTable *table, const BpfpvTerm *term, GString *out, const guint *widths,
           guint row)
{
    guint last = table->columns->len - 1;
    guint indent = 0;

    for (guint i = 0; i < last; i++) {
        append_padded(term, out, cell_at(table, row, i), widths[i],
                      g_array_index(table->columns, BpfpvTextColumn, i).is_number);
        indent += widths[i] + GAP;
    }
    append_last(term, out, cell_at(table, row, last), indent, widths[last],
                g_array_index(table->columns, BpfpvTextColumn, last).is_number);
}

/**
 * bpfpv_text_table_render:
 * @table: a table
 * @term: width and colour; a width of 0 wraps nothing
 *
 * Lays the table out: columns as wide as their widest cell, two spaces
 * between them, the last one wrapped to the terminal's width.
 *
 * Returns: (transfer full): the lines, each ended; "" if there is no row
 */
char *
bpfpv_text_table_render(const BpfpvTextTable *table, const BpfpvTerm *term)
{
    guint n_columns = table->columns->len;
    guint n_rows = table->cells->len / n_columns;
    g_autofree guint *widths = g_new0(guint, n_columns);
    GString *out = g_string_new(NULL);

    for (guint i = 0; i < n_columns; i++)
        widths[i] = column_width(table, n_rows, i);
    for (guint row = 0; n_rows > 1 && row < n_rows; row++)
        append_row(table, term, out, widths, row);
    return g_string_free(out, FALSE);
}
