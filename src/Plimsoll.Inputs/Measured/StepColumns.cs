using System;
using System.Collections.Generic;
using System.Text.Json;
using Plimsoll.Core;
using Plimsoll.Core.Timing;

namespace Plimsoll.Inputs.Measured;

/// <summary>Steps of an engine as lists of equal length, one per column; durations in nanoseconds.</summary>
public static class StepColumns
{
    public static IReadOnlyList<(string Name, Func<MeasuredStep, long> Of)> All { get; } =
    [
        ("duration_ns", step => (long)step.DurationNs),
        ("decodes", step => step.Shape.Decodes),
        ("decode_context_tokens", step => step.Shape.DecodeContextTokens),
        ("prefill_chunks", step => step.Shape.PrefillChunks),
        ("prefill_tokens", step => step.Shape.PrefillTokens),
        ("prefill_pairs", step => step.Shape.PrefillPairs),
        ("prefill_context_tokens", step => step.Shape.PrefillContextTokens),
        ("draft_tokens", step => step.Shape.DraftTokens),
        ("logit_rows", step => step.Shape.LogitRows),
    ];

    /// <summary>The steps of an object that has such lists; empty where it has none.</summary>
    public static List<MeasuredStep> Read(JsonElement lists, string file)
    {
        var steps = new List<MeasuredStep>();
        if (lists.Find(All[0].Name) is null)
            return steps;
        var count = lists.List(All[0].Name, file).GetArrayLength();
        var columns = new long[All.Count][];
        for (var column = 0; column < columns.Length; column++)
            columns[column] = Column(lists, All[column].Name, file, count);
        for (var i = 0; i < count; i++)
        {
            var shape = new StepShape
            {
                Decodes = (int)columns[1][i],
                DecodeContextTokens = columns[2][i],
                PrefillChunks = (int)columns[3][i],
                PrefillTokens = (int)columns[4][i],
                PrefillPairs = columns[5][i],
                PrefillContextTokens = columns[6][i],
                DraftTokens = (int)columns[7][i],
                LogitRows = (int)columns[8][i],
            };
            if (columns[0][i] <= 0 || shape.IsEmpty)
            {
                throw new BadInputException(
                    $"{file}: step {i} computes nothing or takes no time; expected both");
            }
            steps.Add(new MeasuredStep(shape, columns[0][i]));
        }
        return steps;
    }

    static long[] Column(JsonElement lists, string name, string file, int count)
    {
        var list = lists.List(name, file);
        if (list.GetArrayLength() != count)
        {
            throw new BadInputException(
                $"{file}: {name} has {list.GetArrayLength()} entries; expected {count}, as {All[0].Name}");
        }
        var values = new long[count];
        var i = 0;
        foreach (var value in list.EnumerateArray())
        {
            if (value.ValueKind != JsonValueKind.Number || !value.TryGetInt64(out values[i]) || values[i] < 0)
            {
                throw new BadInputException(
                    $"{file}: {name}[{i}] is no whole number of at least 0; expected one");
            }
            i++;
        }
        return values;
    }
}
