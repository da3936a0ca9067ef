/*
 * Arrivals that are a trace: the file is read once the group's classes are known, what is wrong with
 * it is told line by line, and its rate and work become the group's. The file is looked for beside
 * the scenario and is part of the scenario's hash.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "sim/base/units.h"
#include "sim/scenario/schema.h"
#include "sim/scenario/trace.h"

static void tell_lines(struct reader *r, const char *path, const struct trace_report *report)
{
    for (uint64_t i = 0; i < report->broken && i < TRACE_SHOWN; i++)
        diagnose_line(r->diagnose, path, report->shown[i].line, report->shown[i].text, "warning",
                      "broken line: %s", report->shown[i].why);
    if (report->broken > TRACE_SHOWN)
        diagnose_line(r->diagnose, path, report->shown[TRACE_SHOWN - 1].line, NULL, "note",
                      "and %" PRIu64 " more broken lines of %" PRIu64, report->broken - TRACE_SHOWN,
                      report->lines);
    else if (report->broken > 0)
        diagnose_line(r->diagnose, path, report->shown[report->broken - 1].line, NULL, "note",
                      "%" PRIu64 " of %" PRIu64 " lines are broken, and left out", report->broken,
                      report->lines);
    char by[40];
    if (report->late > 0)
        diagnose_line(r->diagnose, path, report->late_line, NULL, "note",
                      "%" PRIu64 " line%s an earlier time than one before, by %s at most: "
                      "sorted",
                      report->late, report->late == 1 ? " has" : "s have",
                      units_format(by, sizeof by, report->latest));
}

/* What a group with a trace does not have besides. */
static bool check_group(struct reader *r, const struct scenario_client *client,
                        const struct node *node)
{
    if (client->sessions.on) {
        diagnose_error(r->diagnose, node->at, "%s: a trace tells requests, not sessions",
                       quote(client->name, strlen(client->name)).text);
        diagnose_help(r->diagnose, "leave out sessions, or write another process");
        return false;
    }
    if (client->process.trace != NULL && client->process.trace->client != NULL &&
        (client->population > 0 || client->nat_count > 0)) {
        diagnose_error(r->diagnose, node->at, "%s: the trace tells its clients",
                       quote(client->name, strlen(client->name)).text);
        diagnose_help(r->diagnose, "leave out population.clients and population.nat");
        return false;
    }
    return true;
}

bool resolve_trace(struct reader *r, struct scenario_client *client, const struct node *node)
{
    struct scenario_arrivals *process = &client->process;
    if (process->file == NULL || !check_group(r, client, node))
        return false;
    const char **classes = arena_need(r->scratch, client->class_count, sizeof *classes);
    const char **paths = arena_need(r->scratch, client->class_count, sizeof *paths);
    for (uint32_t i = 0; i < client->class_count; i++) {
        classes[i] = client->classes[i].name;
        paths[i] = client->classes[i].path;
    }
    struct trace_request request = {.format = (enum trace_format)process->format,
                                    .warp = process->warp,
                                    .classes = classes,
                                    .paths = paths,
                                    .class_count = client->class_count};
    struct trace_report *report = arena_need(r->scratch, 1, sizeof *report);
    struct lb_error error;
    char *path = read_beside(r, process->file);
    process->trace = arena_need(r->arena, 1, sizeof *process->trace);
    bool fine = trace_read_file(process->trace, path, &request, report, &error) == 0;
    tell_lines(r, path, report);
    if (!fine)
        diagnose_error(r->diagnose, node->at, "%s: %s: %s",
                       quote(client->name, strlen(client->name)).text,
                       quote(path, strlen(path)).text, error.text);
    free(path);
    if (!fine || !check_group(r, client, node))
        return false;
    r->files = XXH64(&report->hash, sizeof report->hash, r->files);
    if (process->scale > 0)
        client->rate = process->scale * scenario_trace_rate(client);
    if (client->rate > 1e9) {
        diagnose_error(r->diagnose, node->at, "the trace has %.3g arrivals a second, more than 1e9",
                       client->rate);
        return false;
    }
    return true;
}
