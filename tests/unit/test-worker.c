/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Queues of blocking calls: that what is shared keeps its order beyond its owner's life. */
#include "unit.h"

#include "host/worker.h"

typedef struct {
    GMutex lock;
    GCond cond;
    gboolean held, goes_on;
    GString *order;
} Fixture;

static int
setup(void **state)
{
    Fixture *fixture = g_new0(Fixture, 1);

    g_mutex_init(&fixture->lock);
    g_cond_init(&fixture->cond);
    fixture->order = g_string_new(NULL);
    *state = fixture;
    return 0;
}

static int
teardown(void **state)
{
    Fixture *fixture = *state;

    g_string_free(fixture->order, TRUE);
    g_mutex_clear(&fixture->lock);
    g_cond_clear(&fixture->cond);
    g_free(fixture);
    return 0;
}

/* Until the test lets it. */
static void
take_long(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    Fixture *fixture = data;

    g_mutex_lock(&fixture->lock);
    fixture->held = TRUE;
    g_cond_broadcast(&fixture->cond);
    while (!fixture->goes_on)
        g_cond_wait(&fixture->cond, &fixture->lock);
    g_string_append(fixture->order, "first ");
    g_mutex_unlock(&fixture->lock);
    g_task_return_boolean(task, TRUE);
}

static void
end_as(GTask *task, Fixture *fixture, const char *name)
{
    g_mutex_lock(&fixture->lock);
    g_string_append(fixture->order, name);
    g_mutex_unlock(&fixture->lock);
    g_task_return_boolean(task, TRUE);
}

static void
be_next(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    end_as(task, data, "next ");
}

static void
be_last(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    end_as(task, data, "last ");
}

static void
on_done(GObject *source, GAsyncResult *result, gpointer user_data)
{
    (*(guint *)user_data)++;
}

static void
run_as(BpfpvWorker *worker, BpfpvWorkerKind *kind, Fixture *fixture, GTaskThreadFunc func,
       GCancellable *cancellable, guint *n_done)
{
    g_autoptr(GTask) task = g_task_new(NULL, cancellable, on_done, n_done);

    g_task_set_task_data(task, fixture, NULL);
    bpfpv_worker_run(worker, kind, task, func);
}

static void
run(BpfpvWorker *worker, Fixture *fixture, GTaskThreadFunc func, GCancellable *cancellable,
    guint *n_done)
{
    run_as(worker, NULL, fixture, func, cancellable, n_done);
}

static void
wait_until_held(Fixture *fixture)
{
    g_mutex_lock(&fixture->lock);
    while (!fixture->held)
        g_cond_wait(&fixture->cond, &fixture->lock);
    g_mutex_unlock(&fixture->lock);
}

static void
let_go_on(Fixture *fixture)
{
    g_mutex_lock(&fixture->lock);
    fixture->goes_on = TRUE;
    g_cond_broadcast(&fixture->cond);
    g_mutex_unlock(&fixture->lock);
}

static void
wait_for(const guint *n_done, guint n)
{
    while (*n_done < n)
        g_main_context_iteration(NULL, TRUE);
}

/* As a domain's next run, while a call for the run before is under way. */
static void
the_next_owner_comes_after_the_last_call_of_the_one_before(void **state)
{
    Fixture *fixture = *state;
    BpfpvWorker *first = bpfpv_worker_new_shared("pins", "a domain, first test");
    BpfpvWorker *next;
    guint n_done = 0;

    run(first, fixture, take_long, NULL, &n_done);
    wait_until_held(fixture);
    bpfpv_worker_free(first);
    next = bpfpv_worker_new_shared("pins", "a domain, first test");
    run(next, fixture, be_next, NULL, &n_done);
    bpfpv_worker_free(next);
    let_go_on(fixture);
    wait_for(&n_done, 2);
    assert_string_equal(fixture->order->str, "first next ");
}

static void
another_key_or_purpose_does_not_wait(void **state)
{
    Fixture *fixture = *state;
    g_autoptr(BpfpvWorker) first = bpfpv_worker_new_shared("pins", "a domain, second test");
    g_autoptr(BpfpvWorker) other = bpfpv_worker_new_shared("pins", "another, second test");
    g_autoptr(BpfpvWorker) session = bpfpv_worker_new_shared("session", "a domain, second test");
    guint n_done = 0;

    run(first, fixture, take_long, NULL, &n_done);
    wait_until_held(fixture);
    run(other, fixture, be_next, NULL, &n_done);
    run(session, fixture, be_next, NULL, &n_done);
    wait_for(&n_done, 2);
    let_go_on(fixture);
    wait_for(&n_done, 3);
    assert_string_equal(fixture->order->str, "next next first ");
}

static void
what_was_queued_and_cancelled_is_not_called(void **state)
{
    Fixture *fixture = *state;
    g_autoptr(BpfpvWorker) worker = bpfpv_worker_new_shared("pins", "a domain, third test");
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    guint n_done = 0;

    run(worker, fixture, take_long, NULL, &n_done);
    wait_until_held(fixture);
    run(worker, fixture, be_next, cancellable, &n_done);
    g_cancellable_cancel(cancellable);
    let_go_on(fixture);
    wait_for(&n_done, 2);
    assert_string_equal(fixture->order->str, "first ");
}

/* Whoever has more to do waits behind those who have waited. */
static void
calls_of_a_kind_take_turns(void **state)
{
    Fixture *fixture = *state;
    static BpfpvWorkerKind kind = BPFPV_WORKER_KIND(1);
    g_autoptr(BpfpvWorker) busy = bpfpv_worker_new_shared("pins", "a domain, fourth test");
    g_autoptr(BpfpvWorker) other = bpfpv_worker_new_shared("pins", "another, fourth test");
    guint n_done = 0;

    run_as(busy, &kind, fixture, take_long, NULL, &n_done);
    wait_until_held(fixture);
    assert_false(bpfpv_worker_kind_is_wanted(&kind));
    run_as(busy, &kind, fixture, be_last, NULL, &n_done);
    run_as(other, &kind, fixture, be_next, NULL, &n_done);
    assert_true(bpfpv_worker_kind_is_wanted(&kind));
    let_go_on(fixture);
    wait_for(&n_done, 3);
    assert_string_equal(fixture->order->str, "first next last ");
    assert_false(bpfpv_worker_kind_is_wanted(&kind));
}

static void
a_higher_limit_lets_those_go_on_that_wait(void **state)
{
    Fixture *fixture = *state;
    static BpfpvWorkerKind kind = BPFPV_WORKER_KIND(1);
    g_autoptr(BpfpvWorker) busy = bpfpv_worker_new_shared("pins", "a domain, fifth test");
    g_autoptr(BpfpvWorker) other = bpfpv_worker_new_shared("pins", "another, fifth test");
    guint n_done = 0;

    run_as(busy, &kind, fixture, take_long, NULL, &n_done);
    wait_until_held(fixture);
    run_as(other, &kind, fixture, be_next, NULL, &n_done);
    bpfpv_worker_kind_set_most(&kind, 2);
    wait_for(&n_done, 1);
    let_go_on(fixture);
    wait_for(&n_done, 2);
    assert_string_equal(fixture->order->str, "next first ");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_next_owner_comes_after_the_last_call_of_the_one_before),
        TEST(another_key_or_purpose_does_not_wait),
        TEST(what_was_queued_and_cancelled_is_not_called),
        TEST(calls_of_a_kind_take_turns),
        TEST(a_higher_limit_lets_those_go_on_that_wait),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
