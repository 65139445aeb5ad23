/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An OpenMP application, inside the stock guest: a team of threads that stays until it is killed.
 * How many, and where, is up to OMP_NUM_THREADS, OMP_PLACES and OMP_PROC_BIND.
 */
#include <stdio.h>
#include <unistd.h>

#include <omp.h>

int
main(void)
{
#pragma omp parallel
    {
        printf("thread %d in place %d\n", omp_get_thread_num(), omp_get_place_num());
        fflush(stdout);
        for (;;)
            pause();
    }
}
