/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs a fuzz target on the files that it is given, where there is no libFuzzer to bring a main().
 */
#include <stdint.h>
#include <stdlib.h>

#include <glib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *bytes = NULL;
        gsize length;

        if (!g_file_get_contents(argv[i], &bytes, &length, &error)) {
            g_printerr("%s\n", error->message);
            return EXIT_FAILURE;
        }
        LLVMFuzzerTestOneInput((const uint8_t *)bytes, length);
    }
    return EXIT_SUCCESS;
}
