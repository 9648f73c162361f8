using System;
using System.Collections.Generic;
using System.Linq;
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
        var failed = new Failures();
        var run = new RecordedRun(file, Requests(root, file, failed), engineClock: false);
        return new MeasuredInput
        {
            File = file,
            Form = "vllm bench result",
            Units = "seconds in ttfts and itls",
            Facts = new RunFacts { Model = root.Text("model_id") },
            Configurations = [run.On(deployment), .. Steps(root, file, deployment)],
            Timings = run.Timings,
            Used = run.Requests,
            Failed = failed.Count,
            FirstFailure = failed.First,
            WithoutStartsS = root.Find("start_times") is null ? Duration(root, file) : null,
            MostInFlight = root.Find("max_concurrency") is { ValueKind: JsonValueKind.Number } most
                && most.TryGetInt32(out var clients) && clients > 0 ? clients : null,
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

    /// <summary>Without it and without starts nobody knows how long a run took.</summary>
    static double Duration(JsonElement root, string file) =>
        root.Find("duration") is { ValueKind: JsonValueKind.Number } number
            && number.GetDouble() is > 0 and < 1e9 and var seconds ? seconds
        : throw new BadInputException($"{file}: neither start_times nor a duration; expected when each "
            + "request was sent, or how long all of them took in seconds");

    static List<RequestTiming> Requests(JsonElement root, string file, Failures failed)
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
            var output = Tokens(outputs, i, "output_lens", file);
            var said = errors?[i] is { ValueKind: JsonValueKind.String } error ? error.GetString()! : "";
            if (output == 0 || said != "")
            {
                failed.Add(said);
                continue;
            }
            var ttft = At(ttfts, i, "ttfts", file);
            var between = Gaps(gaps[i], i, file);
            requests.Add(new RequestTiming(
                1e9 * (starts is { } all ? At(all, i, "start_times", file) : 0),
                Tokens(prompts, i, "input_lens", file), output, 1e9 * ttft, 1e9 * (ttft + between.Sum()))
            {
                // Of an answer that came a token at a time; else nobody knows which chunk held several.
                GapsS = between.Length == output - 1 ? between : null,
            }.Checked($"{file}, request {i}"));
        }
        return requests;
    }

    static double[] Gaps(JsonElement list, int request, string file)
    {
        if (list.ValueKind != JsonValueKind.Array)
        {
            throw new BadInputException(
                $"{file}: itls[{request}] is no list; expected the gaps of that answer");
        }
        var gaps = new double[list.GetArrayLength()];
        for (var i = 0; i < gaps.Length; i++)
        {
            gaps[i] = At(list, i, $"itls[{request}]", file);
            if (!(gaps[i] >= 0))
            {
                throw new BadInputException(
                    $"{file}, itls[{request}][{i}]: impossible timing, a negative gap; expected 0 or more");
            }
        }
        return gaps;
    }

    static int Tokens(JsonElement list, int index, string key, string file) =>
        At(list, index, key, file) is var count && count == Math.Floor(count)
            && Math.Abs(count) <= int.MaxValue ? (int)count
            : throw new BadInputException(
                $"{file}: {key}[{index}] is no number of tokens; expected a whole one");

    /// <summary>How many failed, and what the first that said something said.</summary>
    sealed class Failures
    {
        public int Count { get; private set; }

        public string? First { get; private set; }

        public void Add(string said)
        {
            Count++;
            First ??= said.Length > 0 ? said : null;
        }
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
