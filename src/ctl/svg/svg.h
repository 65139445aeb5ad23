/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The picture of the host for `map --svg` and `plan --svg`: one SVG that needs
 * nothing beside it, for a browser, a ticket or a wiki. Prints nothing.
 */
#pragma once

#include <glib.h>

/* @map: a{sv} with the keys of data/org.bpfpv1.xml's Map; @title: any text, not trusted, as nothing
 * in @map is. Returns: (transfer full) (nullable): UTF-8; NULL if there is no CPU in @map */
char *bpfpv_svg_draw(GVariant *map, const char *title);
