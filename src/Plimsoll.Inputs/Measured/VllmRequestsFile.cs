using System;
using System.Collections.Generic;
using System.IO;
using Plimsoll.Core;
using Plimsoll.Core.Hardware;
using Plimsoll.Inputs.Workloads.Traces;

namespace Plimsoll.Inputs.Measured;

/// <summary>
/// The <c>vllm-requests</c> form: one JSON object per request with <c>input_toks, output_toks,
/// arrival_time</c> and the engine's own stamps <c>queued_ts, first_token_ts,
/// last_token_ts</c>, all in seconds; a <c>NAME.meta.json</c> beside <c>NAME.requests.jsonl</c>
/// says what was served how. (casys-kaist/LLMServingSim)
/// </summary>
public static class VllmRequestsFile
{
    const string Expected = "a request of the vllm-requests form";
    const string Ending = ".requests.jsonl";

    /// <summary>One line, seconds.</summary>
    readonly record struct Row(
        double Arrival, double Queued, double First, double Last, int Prompt, int Output, long Line);

    public static MeasuredInput Read(TraceSource source, Deployment deployment)
    {
        var run = new RecordedRun(source.Name, Requests(source), engineClock: true);
        return new MeasuredInput
        {
            File = source.Name,
            Form = "vllm-requests",
            Units = "seconds in arrival_time, queued_ts, first_token_ts and last_token_ts",
            Facts = FactsBeside(source.Name),
            Configurations = [run.On(deployment)],
            Timings = run.Timings,
            Used = run.Requests,
        };
    }

    public static IReadOnlyList<RequestTiming> Requests(TraceSource source)
    {
        var rows = new List<Row>();
        var lines = new JsonLines(source);
        // Two clocks: arrivals are wall time, the engine's stamps are not. The promptest request ties them.
        var offset = double.MaxValue;
        while (lines.Next(out var text))
        {
            using var json = JsonFields.Line(source, text, Expected);
            var where = $"{source.Name}, line {source.Line}";
            var row = json.RootElement;
            var (arrival, queued) = (row.Number("arrival_time", where), row.Number("queued_ts", where));
            offset = Math.Min(offset, queued - arrival);
            rows.Add(new Row(
                arrival, queued, row.Number("first_token_ts", where), row.Number("last_token_ts", where),
                row.Whole("input_toks", where), row.Whole("output_toks", where), source.Line));
        }
        var requests = new List<RequestTiming>(rows.Count);
        foreach (var row in rows)
        {
            var where = $"{source.Name}, line {row.Line}";
            if (row.First < row.Queued)
            {
                throw new BadInputException(
                    $"{where}: impossible timing, first_token_ts before queued_ts; expected it after");
            }

            requests.Add(new RequestTiming(
                1e9 * (row.Arrival - rows[0].Arrival), row.Prompt, row.Output,
                1e9 * (row.First - row.Arrival - offset), 1e9 * (row.Last - row.Arrival - offset))
            .Checked(where));
        }
        return requests;
    }

    /// <summary>What the <c>.meta.json</c> beside a run says; nothing when there is none.</summary>
    public static RunFacts FactsBeside(string file)
    {
        var end = file.IndexOf(Ending, StringComparison.Ordinal);
        var meta = end < 0 ? null : file[..end] + ".meta.json";
        if (meta is null || !File.Exists(meta))
            return new RunFacts { Engine = "vllm" };
        using var source = TraceSource.Open(meta);
        using var json = JsonFields.Document(source, "what was served how");
        var root = json.RootElement;
        return new RunFacts
        {
            Model = root.Text("model"),
            Engine = root.Text("vllm_version") is null ? null : "vllm",
            EngineVersion = root.Text("vllm_version"),
            TensorParallel = Whole("engine_kwargs.tensor_parallel_size"),
            DataParallel = Whole("engine_kwargs.data_parallel_size"),
            ExpertParallel = root.Flag("engine_kwargs.enable_expert_parallel"),
            NumGpuBlocks = Whole("kv_cache.num_gpu_blocks", "engine_kwargs.num_gpu_blocks_override",
                "num_gpu_blocks"),
            BlockSize = Whole("kv_cache.block_size", "engine_kwargs.block_size"),
            MaxNumSeqs = Whole("engine_kwargs.max_num_seqs"),
            MaxNumBatchedTokens = Whole("engine_kwargs.max_num_batched_tokens"),
        };

        int? Whole(params ReadOnlySpan<string> places)
        {
            foreach (var place in places)
            {
                if (root.Find(place) is not null)
                    return root.Whole(place, meta);
            }
            return null;
        }
    }
}
