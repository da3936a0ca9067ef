/*
 * libFuzzer target: any bytes as a trace, the first of them says in which format and in how small
 * pieces they come. Built and run by `make fuzz`; seeds_trace/ has the seeds. What is read must hold
 * together; what is not must say why.
 */
#include <string.h>

#include "sim/base/check.h"
#include "sim/scenario/trace.h"

struct bytes {
    const uint8_t *at;
    size_t left, piece;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static long take(void *self, char *to, size_t size, struct lb_error *error)
{
    struct bytes *b = self;
    (void)error;
    size = size < b->left ? size : b->left;
    size = size < b->piece ? size : b->piece;
    memcpy(to, b->at, size);
    b->at += size;
    b->left -= size;
    return (long)size;
}

static void check_string(const struct intern *strings, const uint32_t *column, uint32_t row)
{
    if (column == NULL)
        return;
    lb_assert(column[row] <= strings->count);
    if (column[row] != 0)
        lb_assert(strlen(intern_text(strings, column[row])) < TRACE_LINE_MAX);
}

static void check_whole(const struct trace *trace)
{
    double sum = 0;
    lb_assert(trace->rows > 0 && trace->arrivals > 0 && trace->at[0] >= 0);
    lb_assert(trace->length > trace->at[trace->rows - 1]);
    for (uint32_t i = 0; i < trace->rows; i++) {
        lb_assert(i == 0 || trace->at[i] >= trace->at[i - 1]);
        lb_assert(trace->work == NULL || trace->work[i] >= TRACE_NO_WORK);
        lb_assert(trace->class == NULL || trace->class[i] < 2 || trace->class[i] == TRACE_NO_CLASS);
        check_string(&trace->clients, trace->client, i);
        check_string(&trace->strings, trace->key, i);
        check_string(&trace->strings, trace->path, i);
        sum += trace->count == NULL ? 1 : trace->count[i];
    }
    lb_assert(sum == trace->arrivals);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const classes[] = {"page", "report"}, *const paths[] = {"/", NULL};
    if (size == 0)
        return 0;
    struct bytes bytes = {data + 1, size - 1, 1U + data[0] / 5U * 20U};
    struct trace_request request = {
        (enum trace_format)(data[0] % 5), 1.5, classes, paths, 2, take, &bytes};
    struct trace trace;
    struct trace_report report;
    struct lb_error error = {.text = ""};
    if (trace_read(&trace, &request, &report, &error) == 0)
        check_whole(&trace);
    else
        lb_assert(error.text[0] != '\0');
    for (uint64_t i = 0; i < report.broken && i < TRACE_SHOWN; i++)
        lb_assert(report.shown[i].why[0] != '\0' && report.shown[i].line > 0);
    trace_done(&trace);
    return 0;
}
