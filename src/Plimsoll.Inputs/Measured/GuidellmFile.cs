using System.Collections.Generic;
using System.Text.Json;
using Plimsoll.Core;
using Plimsoll.Core.Hardware;
using Plimsoll.Inputs.Workloads.Traces;

namespace Plimsoll.Inputs.Measured;

/// <summary>
/// A guidellm report: <c>benchmarks[].requests.successful[]</c> with <c>request_start_time</c> (s),
/// <c>prompt_tokens, output_tokens, time_to_first_token_ms, inter_token_latency_ms</c>; every benchmark is a
/// configuration. (vllm-project/guidellm, src/guidellm/schemas/request_stats.py, report version 2) Its
/// <c>time_per_output_token_ms</c> counts the first token and is not used; its inter-token latency does not.
/// </summary>
static class GuidellmFile
{
    public static MeasuredInput Read(TraceSource source, Deployment deployment)
    {
        var file = source.Name;
        using var json = JsonFields.Document(source, "a guidellm report");
        var configurations = new List<Configuration>();
        var timings = new List<RequestTiming>();
        long used = 0, failed = 0, givenUp = 0;
        string? model = null;
        var benchmarks = json.RootElement.List("benchmarks", file);
        for (var i = 0; i < benchmarks.GetArrayLength(); i++)
        {
            var where = $"{file}, benchmarks[{i}]";
            var run = new RecordedRun(where, Requests(benchmarks[i], where), engineClock: false);
            configurations.Add(run.On(deployment));
            timings.AddRange(run.Timings);
            used += run.Requests;
            givenUp += Count(benchmarks[i], "requests.incomplete");
            failed += Count(benchmarks[i], "requests.errored");
            model ??= benchmarks[i].Text("config.backend.model");
        }
        return new MeasuredInput
        {
            File = file,
            Form = "guidellm report",
            Units = "milliseconds in time_to_first_token_ms and inter_token_latency_ms",
            Facts = new RunFacts { Model = model },
            Configurations = configurations.Count > 0 ? configurations
                : throw new BadInputException($"{file}: benchmarks is empty; expected at least one"),
            Timings = timings,
            Used = used,
            Failed = failed + givenUp,
            GivenUp = givenUp,
            Runs = configurations.Count,
        };
    }

    static List<RequestTiming> Requests(JsonElement benchmark, string where)
    {
        var list = benchmark.List("requests.successful", where);
        var requests = new List<RequestTiming>();
        for (var i = 0; i < list.GetArrayLength(); i++)
        {
            var at = $"{where}.requests.successful[{i}]";
            var request = list[i];
            var ttft = 1e6 * request.Number("time_to_first_token_ms", at);
            var output = request.Whole("output_tokens", at);
            var gap = output > 1 ? 1e6 * request.Number("inter_token_latency_ms", at) : 0;
            requests.Add(new RequestTiming(
                1e9 * request.Number("request_start_time", at), request.Whole("prompt_tokens", at), output,
                ttft, ttft + (gap * (output - 1))).Checked(at));
        }
        return requests;
    }

    static int Count(JsonElement benchmark, string path) =>
        benchmark.Find(path) is { ValueKind: JsonValueKind.Array } list ? list.GetArrayLength() : 0;
}
