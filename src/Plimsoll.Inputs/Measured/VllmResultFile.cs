using System.Collections.Generic;
using System.Text.Json;
using Plimsoll.Core;
using Plimsoll.Core.Hardware;
using Plimsoll.Inputs.Workloads.Traces;

namespace Plimsoll.Inputs.Measured;

/// <summary>
/// What <c>vllm bench serve --save-result --save-detailed</c> writes, and with it Plimsoll's own bench, whose
/// result is the same and one object more: lists <c>input_lens, output_lens, ttfts, itls, start_times,
/// errors</c> with one entry per request, times in seconds. (vllm-project/vllm, vllm/benchmarks/serve.py) An
/// entry of <c>itls</c> is the gap between two chunks, and a chunk may hold several tokens; so the time per
/// token is the sum of the gaps over the tokens, never their mean. Requests with an error or without a token
/// have failed.
/// </summary>
static class VllmResultFile
{
    public static MeasuredInput Read(TraceSource source, Deployment deployment)
    {
        var file = source.Name;
        using var json = JsonFields.Document(source, "a vLLM benchmark result");
        var root = json.RootElement;
        var failed = 0;
        var run = new RecordedRun(file, Requests(root, file, ref failed), engineClock: false);
        return new MeasuredInput
        {
            File = file,
            Form = "vllm bench result",
            Units = "seconds in ttfts and itls",
            Facts = new RunFacts { Model = root.Text("model_id") },
            Configurations = [run.On(deployment), .. Steps(root, file, deployment)],
            Timings = run.Timings,
            Used = run.Requests,
            Failed = failed,
        };
    }

    /// <summary>The engine's own steps, where bench joined them; too few say nothing.</summary>
    static IReadOnlyList<Configuration> Steps(JsonElement root, string file, Deployment deployment)
    {
        if (root.Find("plimsoll.steps") is not { } lists)
            return [];
        var steps = StepColumns.Read(lists, file);
        return steps.Count < StepsFile.FewestSteps ? []
            : StepsFile.Input($"{file}, steps", steps, deployment).Configurations;
    }

    static List<RequestTiming> Requests(JsonElement root, string file, ref int failed)
    {
        if (root.Find("ttfts") is null)
        {
            throw new BadInputException(
                $"{file}: ttfts is missing; expected a result saved with --save-detailed");
        }
        var prompts = root.List("input_lens", file);
        var count = prompts.GetArrayLength();
        var outputs = Parallel(root, "output_lens", file, count);
        var ttfts = Parallel(root, "ttfts", file, count);
        var gaps = Parallel(root, "itls", file, count);
        var starts = OptionalParallel(root, "start_times", file, count);
        var errors = OptionalParallel(root, "errors", file, count);
        if (starts is null && root.Text("request_rate") != "inf")
        {
            throw new BadInputException(
                $"{file}: start_times is missing; "
                + "expected when each request was sent, or --request-rate inf");
        }
        var requests = new List<RequestTiming>(count);
        for (var i = 0; i < count; i++)
        {
            var output = At(outputs, i, "output_lens", file);
            if (output == 0
                || (errors?[i] is { ValueKind: JsonValueKind.String } error && error.GetString() != ""))
            {
                failed++;
                continue;
            }
            var ttft = At(ttfts, i, "ttfts", file);
            double gap = 0;
            for (var j = 0; j < gaps[i].GetArrayLength(); j++)
            {
                var next = At(gaps[i], j, $"itls[{i}]", file);
                gap += next >= 0 ? next : throw new BadInputException(
                    $"{file}, itls[{i}][{j}]: impossible timing, a negative gap; expected 0 or more");
            }
            requests.Add(new RequestTiming(
                1e9 * (starts is { } all ? At(all, i, "start_times", file) : 0),
                (int)At(prompts, i, "input_lens", file),
                (int)output, 1e9 * ttft, 1e9 * (ttft + gap)).Checked($"{file}, request {i}"));
        }
        return requests;
    }

    static JsonElement? OptionalParallel(JsonElement root, string key, string file, int count) =>
        root.Find(key) is null ? null : Parallel(root, key, file, count);

    /// <summary>A list as long as the prompts'.</summary>
    static JsonElement Parallel(JsonElement root, string key, string file, int count)
    {
        var list = root.List(key, file);
        return list.GetArrayLength() == count ? list : throw new BadInputException(
            $"{file}: {key} has {list.GetArrayLength()} entries; expected {count}, as input_lens");
    }

    static double At(JsonElement list, int index, string key, string file) =>
        list[index].ValueKind == JsonValueKind.Number && list[index].TryGetDouble(out var value) ? value
        : throw new BadInputException($"{file}: {key}[{index}] is no number; expected one");
}
