using System;
using System.Collections.Generic;
using System.Text.Json;
using Plimsoll.Core.Timing;

namespace Plimsoll.Inputs.Measured;

/// <summary>
/// The steps in a log that <c>plimsoll serve --decision-log</c> writes: a plan with its shape, and the commit
/// after it with how long it took. Steps that were cut off are left out.
/// </summary>
public sealed class DecisionSteps
{
    StepShape? _planned;

    /// <summary>A step that ran to its end with this line; null when none did.</summary>
    /// <exception cref="FormatException">The line is no event of such a log.</exception>
    public MeasuredStep? Take(ReadOnlyMemory<byte> line)
    {
        try
        {
            using var json = JsonDocument.Parse(line);
            return Take(json.RootElement);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new FormatException("no event of a decision log", e);
        }
    }

    MeasuredStep? Take(JsonElement row)
    {
        // The first line of a log has the scheduler's limits and no event.
        if (!row.TryGetProperty("event", out var kind))
        {
            return row.TryGetProperty("limits", out _) ? null
                : throw new FormatException("a line of no event");
        }
        switch (kind.GetString())
        {
            case "plan":
                _planned = row.TryGetProperty("shape", out var shape) ? Shape(shape) : null;
                return null;
            case "commit" when _planned is { } planned:
                _planned = null;
                var durationNs = row.GetProperty("duration_ns").GetInt64();
                return durationNs > 0 && !WasCut(row) ? new MeasuredStep(planned, durationNs) : null;
            default:
                return null;
        }
    }

    static bool WasCut(JsonElement commit)
    {
        foreach (var exception in commit.GetProperty("exceptions").EnumerateArray())
        {
            if (exception.GetProperty("aborted").GetBoolean())
                return true;
        }
        return false;
    }

    static StepShape Shape(JsonElement shape)
    {
        var read = new StepShape
        {
            Decodes = shape.GetProperty("decodes").GetInt32(),
            DecodeContextTokens = shape.GetProperty("decode_context_tokens").GetInt64(),
            PrefillChunks = shape.GetProperty("prefill_chunks").GetInt32(),
            PrefillTokens = shape.GetProperty("prefill_tokens").GetInt32(),
            PrefillPairs = shape.GetProperty("prefill_pairs").GetInt64(),
            PrefillContextTokens = shape.GetProperty("prefill_context_tokens").GetInt64(),
            DraftTokens = shape.GetProperty("draft_tokens").GetInt32(),
            LogitRows = shape.GetProperty("logit_rows").GetInt32(),
        };
        return !read.IsEmpty && read.Decodes >= 0 && read.PrefillChunks >= 0
            && read.DecodeContextTokens >= read.Decodes && read.PrefillTokens >= read.PrefillChunks
            ? read : throw new FormatException("a step that cannot be");
    }
}
