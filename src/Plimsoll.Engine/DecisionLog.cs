using System;
using System.Globalization;
using System.IO;
using System.Text.Json;
using Plimsoll.Core;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;
using Plimsoll.Engine.Timing;

namespace Plimsoll.Engine;

/// <summary>
/// Everything that a live scheduler was told, a JSON object a line: limits, requests, cancellations, plans
/// and outcomes with their times. A scheduler that is told the same makes the same plans, bit for bit.
/// </summary>
public sealed class DecisionLog : IDisposable
{
    readonly FileStream _stream;
    readonly Utf8JsonWriter _json;

    /// <param name="path">File to write.</param>
    /// <param name="limits">The scheduler's options.</param>
    /// <param name="stepTimes">Weights that its predictor starts from; null without a predictor.</param>
    /// <param name="roofline">What prompts must cost on the machine; null where it is not known.</param>
    /// <param name="simulated">What a simulated engine's step times are made of; null for a real one.</param>
    public DecisionLog(
        string path, SchedulerOptions limits, double[]? stepTimes = null, RooflineFacts? roofline = null,
        DeploymentSteps? simulated = null)
    {
        try
        {
            _stream = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, 1 << 16);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"{path} cannot be written: {e.Message}");
        }
        _json = new Utf8JsonWriter(_stream);
        _json.WriteStartObject();
        _json.WritePropertyName("limits");
        JsonSerializer.Serialize(_json, limits);
        _json.WritePropertyName("step_times");
        JsonSerializer.Serialize(_json, stepTimes);
        _json.WritePropertyName("roofline");
        JsonSerializer.Serialize(_json, roofline);
        if (simulated is not null)
        {
            _json.WritePropertyName("simulated");
            JsonSerializer.Serialize(_json, simulated);
        }
        End();
    }

    public void Add(in RequestSpec spec, in Verdict verdict, long nowNs)
    {
        Begin("add", nowNs);
        _json.WritePropertyName("spec");
        JsonSerializer.Serialize(_json, spec);
        _json.WriteNumber("slot", verdict.Request.Slot);
        _json.WriteNumber("generation", verdict.Request.Generation);
        End();
    }

    public void Cancel(RequestId request, long nowNs)
    {
        Begin("cancel", nowNs);
        Write(request);
        End();
    }

    /// <param name="plan">What the step does.</param>
    /// <param name="planHash">Digest of all decisions up to it.</param>
    /// <param name="nowNs">When it was made.</param>
    public void Plan(StepPlan plan, ulong planHash, long nowNs)
    {
        Begin("plan", nowNs);
        _json.WriteString("plan_hash", planHash.ToString("x16", CultureInfo.InvariantCulture));
        _json.WriteNumber("tokens", plan.Shape.Tokens);
        if (plan.PredictedNs is { } predictedNs)
            _json.WriteNumber("predicted_ns", predictedNs);
        if (!plan.Shape.IsEmpty)
            Write(plan.Shape);
        End();
    }

    public void Commit(in StepOutcome outcome, long nowNs)
    {
        Begin("commit", nowNs);
        _json.WriteNumber("duration_ns", outcome.DurationNs);
        if (outcome.DraftedTokens is { } drafted)
            _json.WriteNumber("drafted", drafted);
        _json.WriteStartArray("exceptions");
        foreach (ref readonly var exception in outcome.Exceptions)
        {
            _json.WriteStartObject();
            Write(exception.Request);
            _json.WriteBoolean("finished", exception.Finished);
            _json.WriteBoolean("aborted", exception.Aborted);
            _json.WriteNumber("computed", exception.ComputedTokens);
            _json.WriteNumber("accepted", exception.AcceptedDrafts);
            _json.WriteEndObject();
        }
        _json.WriteEndArray();
        End();
        // Whoever follows the log sees a step once it is done, and never half a line.
        _stream.Flush();
    }

    public void Dispose()
    {
        _json.Dispose();
        _stream.Dispose();
    }

    void Begin(string what, long nowNs)
    {
        _json.WriteStartObject();
        _json.WriteString("event", what);
        _json.WriteNumber("now_ns", nowNs);
    }

    void Write(RequestId request)
    {
        _json.WriteNumber("slot", request.Slot);
        _json.WriteNumber("generation", request.Generation);
    }

    /// <summary>What the step computes, by the names that a table of steps has for it.</summary>
    void Write(in StepShape shape)
    {
        _json.WriteStartObject("shape");
        _json.WriteNumber("decodes", shape.Decodes);
        _json.WriteNumber("decode_context_tokens", shape.DecodeContextTokens);
        _json.WriteNumber("prefill_chunks", shape.PrefillChunks);
        _json.WriteNumber("prefill_tokens", shape.PrefillTokens);
        _json.WriteNumber("prefill_pairs", shape.PrefillPairs);
        _json.WriteNumber("prefill_context_tokens", shape.PrefillContextTokens);
        _json.WriteNumber("draft_tokens", shape.DraftTokens);
        _json.WriteNumber("logit_rows", shape.LogitRows);
        _json.WriteEndObject();
    }

    void End()
    {
        _json.WriteEndObject();
        _json.Flush();
        _json.Reset();
        _stream.WriteByte((byte)'\n');
    }
}
