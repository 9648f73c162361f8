using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Text.Json;
using Plimsoll.Core.Hardware;
using Plimsoll.Planning.Catalogues;
using Plimsoll.Planning.Workloads;

namespace Plimsoll.Planning.Validation;

/// <summary>
/// A real engine's run, request by request: the <c>vllm-requests</c> form, a <c>.requests.jsonl</c> beside a
/// <c>.meta.json</c> that says what was served how.
/// </summary>
sealed record MeasuredRun
{
    public required string Name { get; init; }

    public required Deployment Deployment { get; init; }

    public required IReadOnlyList<Arrival> Arrivals { get; init; }

    /// <summary>Arrival to first token, nanoseconds, by request.</summary>
    public required double[] TtftNs { get; init; }

    public required double[] TpotNs { get; init; }

    /// <summary>All runs of a folder, by name.</summary>
    public static IReadOnlyList<MeasuredRun> Of(string folder)
    {
        var runs = new List<MeasuredRun>();
        if (!Directory.Exists(folder))
            return runs;
        var files = Directory.GetFiles(folder, "*.requests.jsonl");
        Array.Sort(files, StringComparer.Ordinal);
        foreach (var file in files)
            runs.Add(Read(file));
        return runs;
    }

    static MeasuredRun Read(string file)
    {
        var name = Path.GetFileName(file)[..^".requests.jsonl".Length];
        var arrivals = new List<Arrival>();
        var rows = new List<(double Arrival, double Queued, double First, double Last, int Output)>();
        var line = 0;
        foreach (var text in File.ReadLines(file))
        {
            line++;
            using var json = Parse(text, $"{file}, line {line}");
            var row = json.RootElement;
            rows.Add((Number(row, "arrival_time"), Number(row, "queued_ts"), Number(row, "first_token_ts"),
                Number(row, "last_token_ts"), (int)Number(row, "output_toks")));
            arrivals.Add(new Arrival
            {
                PromptTokens = (int)Number(row, "input_toks"),
                OutputTokens = (int)Number(row, "output_toks"),
                Session = -1,
            });
        }
        // Two clocks: arrivals are wall time, the engine's stamps are not. The promptest request ties them.
        var offset = double.MaxValue;
        foreach (var row in rows)
            offset = Math.Min(offset, row.Queued - row.Arrival);
        var ttft = new double[rows.Count];
        var tpot = new List<double>();
        for (var i = 0; i < rows.Count; i++)
        {
            ttft[i] = (rows[i].First - rows[i].Arrival - offset) * 1e9;
            if (rows[i].Output > 1)
                tpot.Add((rows[i].Last - rows[i].First) / (rows[i].Output - 1) * 1e9);
            arrivals[i] = arrivals[i] with { AtNs = (long)((rows[i].Arrival - rows[0].Arrival) * 1e9) };
        }
        return new MeasuredRun
        {
            Name = name,
            Deployment = DeploymentOf(file[..^".requests.jsonl".Length] + ".meta.json", name),
            Arrivals = arrivals,
            TtftNs = ttft,
            TpotNs = [.. tpot],
        };
    }

    static Deployment DeploymentOf(string file, string name)
    {
        using var json = Parse(File.ReadAllText(file), file);
        var engine = json.RootElement.GetProperty("engine_kwargs");
        var card = name[..name.IndexOf('_')];
        return new Deployment
        {
            Model = Catalogue.BuiltIn.FindModel(json.RootElement.GetProperty("model").GetString()!),
            Accelerator = Catalogue.BuiltIn.FindAccelerator(card == "RTXPRO6000" ? "rtx_pro_6000_server" : card),
            TensorParallel = (int)Number(engine, "tensor_parallel_size"),
            DataParallel = (int)Number(engine, "data_parallel_size"),
            Engine = new EngineSettings
            {
                MaxNumSeqs = (int)Number(engine, "max_num_seqs"),
                MaxNumBatchedTokens = (int)Number(engine, "max_num_batched_tokens"),
            },
        };
    }

    static JsonDocument Parse(string text, string where)
    {
        try
        {
            return JsonDocument.Parse(text);
        }
        catch (JsonException)
        {
            throw new BadInputException($"{where}: malformed JSON; expected a request of the vllm-requests form");
        }
    }

    static double Number(JsonElement element, string key) =>
        element.TryGetProperty(key, out var value) && value.TryGetDouble(out var number)
            ? number
            : throw new BadInputException(string.Create(
                CultureInfo.InvariantCulture, $"key {key} is missing; expected the vllm-requests form"));
}
