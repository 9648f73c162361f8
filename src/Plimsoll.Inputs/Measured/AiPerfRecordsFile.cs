using System.Collections.Generic;
using System.Text.Json;
using Plimsoll.Core;
using Plimsoll.Core.Hardware;
using Plimsoll.Inputs.Workloads.Traces;

namespace Plimsoll.Inputs.Measured;

/// <summary>
/// AIPerf's <c>profile_export.jsonl</c>: per request <c>metadata</c> (<c>request_start_ns,
/// benchmark_phase</c>), <c>metrics</c> of <c>{value, unit}</c> and <c>error</c>. (ai-dynamo/aiperf,
/// docs/tutorials/working-with-profile-exports.md) The unit of each metric counts, not its name. Requests
/// outside the profiling phase are left out, failed and cancelled ones are counted.
/// </summary>
static class AiPerfRecordsFile
{
    public static MeasuredInput Read(TraceSource source, Deployment deployment)
    {
        var requests = new List<RequestTiming>();
        var (failed, givenUp) = (0, 0);
        string? said = null;
        var lines = new JsonLines(source);
        while (lines.Next(out var text))
        {
            using var json = JsonFields.Line(source, text, "a record of profile_export.jsonl");
            var where = $"{source.Name}, line {source.Line}";
            var record = json.RootElement;
            if (record.Text("metadata.benchmark_phase") is { } phase && phase != "profiling")
                continue;
            var cancelled = record.Find("metadata.was_cancelled") is { ValueKind: JsonValueKind.True };
            if (cancelled || record.Find("error") is not null)
            {
                failed++;
                givenUp += cancelled ? 1 : 0;
                said ??= record.Text("error.message");
            }
            else
            {
                requests.Add(Request(record, where).Checked(where));
            }
        }
        var run = new RecordedRun(source.Name, requests, engineClock: false);
        return new MeasuredInput
        {
            File = source.Name,
            Form = "AIPerf records",
            Units = "the unit that each metric names",
            Configurations = [run.On(deployment)],
            Timings = run.Timings,
            Used = run.Requests,
            Failed = failed,
            GivenUp = givenUp,
            FirstFailure = said,
        };
    }

    static RequestTiming Request(JsonElement record, string where)
    {
        var output = (int)Value(record, "output_sequence_length", where);
        var ttft = Time(record, "time_to_first_token", where);
        var gap = output > 1 ? Time(record, "inter_token_latency", where) : 0;
        return new RequestTiming(
            record.Number("metadata.request_start_ns", where),
            (int)Value(record, "input_sequence_length", where),
            output, ttft, ttft + (gap * (output - 1)));
    }

    static double Value(JsonElement record, string metric, string where) =>
        record.Number($"metrics.{metric}.value", where);

    static double Time(JsonElement record, string metric, string where) =>
        Value(record, metric, where) * UnitNs(record.Text($"metrics.{metric}.unit"), $"{where}: {metric}");

    /// <summary>Nanoseconds per unit, by the name AIPerf gives it.</summary>
    public static double UnitNs(string? unit, string where) => unit switch
    {
        "ns" => 1,
        "us" => 1e3,
        "ms" => 1e6,
        "s" or "sec" => 1e9,
        _ => throw new BadInputException(
            $"{where} has the unit {unit ?? "(none)"}; expected ns, us, ms or sec"),
    };
}
