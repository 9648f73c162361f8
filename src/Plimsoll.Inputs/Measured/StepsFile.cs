using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using Plimsoll.Core;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Workloads.Traces;

namespace Plimsoll.Inputs.Measured;

/// <summary>
/// An engine's own step log, CSV, one engine step per row: <c>duration_ms, decodes, decode_context_tokens</c>
/// (KV tokens read, summed over decoding sequences), <c>prefill_chunks, prefill_tokens</c> (new tokens of all
/// chunks). Optional: <c>prefill_pairs</c> (query–key pairs), <c>prefill_context_tokens</c> (KV length at
/// each chunk's end, summed), <c>logit_rows</c>; without them every chunk is taken to begin its prompt and to
/// end it.
/// </summary>
static class StepsFile
{
    public const int FewestSteps = 50;

    public static MeasuredInput Read(TraceSource source, Deployment deployment)
    {
        using var text = new StreamReader(source, Encoding.UTF8);
        return Input(source.Name, CsvTable.Read(source.Name, text, Step), deployment);
    }

    /// <summary>Steps as one configuration, whole and in halves.</summary>
    public static MeasuredInput Input(string file, IReadOnlyList<MeasuredStep> steps, Deployment deployment)
    {
        if (steps.Count < FewestSteps)
        {
            throw new BadInputException(
                $"{file}: {steps.Count} steps; expected at least {FewestSteps}");
        }

        var half = steps.Count / 2;
        return new MeasuredInput
        {
            File = file,
            Form = "engine steps",
            Units = "milliseconds in duration_ms",
            Configurations = [Part(file, steps) with
            {
                Halves = (Part($"{file}, earlier half", [.. steps.Take(half)]),
                    Part($"{file}, later half", [.. steps.Skip(half)])),
            }],
            Used = steps.Count,
        };

        Configuration Part(string name, IReadOnlyList<MeasuredStep> part) => new()
        {
            Key = name,
            Logs = [new StepLog { Name = name, Deployment = deployment, Steps = part }],
        };
    }

    static MeasuredStep Step(CsvTable row)
    {
        var chunks = row.Whole("prefill_chunks");
        var tokens = row.Whole("prefill_tokens");
        var mean = chunks > 0 ? (double)tokens / chunks : 0;
        var shape = new StepShape
        {
            Decodes = row.Whole("decodes"),
            DecodeContextTokens = (long)row.Number("decode_context_tokens"),
            PrefillChunks = chunks,
            PrefillTokens = tokens,
            PrefillPairs = Optional("prefill_pairs") ?? (long)(tokens * (mean + 1) / 2),
            PrefillContextTokens = Optional("prefill_context_tokens") ?? tokens,
            LogitRows = (int)(Optional("logit_rows") ?? row.Whole("decodes") + chunks),
        };
        var durationNs = 1e6 * row.Number("duration_ms");
        if (durationNs <= 0)
            throw Bad("impossible timing, a step of 0 ms", "a time above 0");
        if (shape.IsEmpty)
            throw Bad("a step without decodes or prompt chunks", "at least one");
        if (shape.DecodeContextTokens < shape.Decodes || shape.PrefillTokens < shape.PrefillChunks)
            throw Bad("fewer tokens than sequences", "at least one token each");
        return new MeasuredStep(shape, durationNs);

        long? Optional(string column) => row.Has(column) ? (long?)row.OptionalNumber(column) : null;

        BadInputException Bad(string what, string expected) =>
            new($"{row.Place}: {what}; expected {expected}");
    }
}
