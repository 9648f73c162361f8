using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Runtime.InteropServices;
using System.Text.Json;
using Plimsoll.Core;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;
using Plimsoll.Engine.Timing;

namespace Plimsoll.Engine;

/// <summary>What became of a decision log that was replayed.</summary>
/// <param name="Plans">Plans made again.</param>
/// <param name="Differences">Plans, or names of requests, that are not the log's.</param>
/// <param name="PlanHash">Digest of all decisions: the live scheduler's, if they were the same.</param>
/// <param name="RealNs">Time that the steps took.</param>
/// <param name="PredictedNs">Time that the step times at the start foresaw for them.</param>
/// <param name="Steps">Steps that ran to their end.</param>
/// <param name="MeanError">Mean of |foreseen − real| ÷ real over them; null without any.</param>
public readonly record struct ReplayOutcome(
    long Plans, long Differences, ulong PlanHash, long RealNs, long PredictedNs, long Steps,
    double? MeanError)
{
    /// <summary>First tokens' gap to the theoretical; null without any, or without a machine.</summary>
    public FirstTokenGapSummary? Gap { get; init; }
}

/// <summary>
/// Tells a new scheduler everything that a log says a live one was told. It has no clock and no engine, so it
/// decides the same, or the log is another scheduler's.
/// </summary>
public static class DecisionReplay
{
    public static ReplayOutcome Run(string path)
    {
        var number = 1;
        try
        {
            using var lines = File.ReadLines(path).GetEnumerator();
            if (!lines.MoveNext())
                throw Bad(path, 1, "is empty");
            using var header = JsonDocument.Parse(lines.Current);
            var limits = header.RootElement.GetProperty("limits").Deserialize<SchedulerOptions>()!;
            var weights = header.RootElement.GetProperty("step_times").Deserialize<double[]>();
            var roofline = header.RootElement.TryGetProperty("roofline", out var facts)
                ? facts.Deserialize<RooflineFacts>()
                : null;
            var simulated = header.RootElement.TryGetProperty("simulated", out var steps)
                ? steps.Deserialize<DeploymentSteps>()
                : null;
            if (weights is null && simulated is null && limits.Policy.Slack is not null)
                throw NoStepTimes(path, limits.Policy);
            var replay = weights is not null ? Replaying.Of(new StepTimes(weights), limits, roofline)
                : simulated is not null ? Replaying.Of(simulated.Build(), limits, roofline)
                : new Replaying(new Scheduler(limits), null, null);
            while (lines.MoveNext())
            {
                number++;
                using var line = JsonDocument.Parse(lines.Current);
                replay.Take(line.RootElement);
            }
            return replay.Outcome;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"{path} cannot be read: {e.Message}");
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException
            or FormatException or ArgumentException)
        {
            throw Bad(path, number, "is no event of a decision log");
        }
    }

    static BadInputException NoStepTimes(string path, SchedulingPolicy policy) =>
        new($"{path} holds no step times, which policy {policy.Name} plans by",
            "", "a log of this release");

    static BadInputException Bad(string path, int line, string problem) =>
        new($"{path}:{line} {problem}; a file that `plimsoll serve --decision-log` wrote was expected");

    sealed class Replaying(Scheduler scheduler, IStepTimes? times, FirstTokenGaps? gaps)
    {
        readonly FirstTokenGaps? _gaps = gaps;
        readonly Scheduler _scheduler = scheduler;
        readonly List<RequestOutcome> _outcomes = [];
        StepShape _shape;
        long _plans;
        long _differences;
        long _realNs;
        long _predictedNs;
        long _steps;
        double _errors;

        /// <summary>An engine that computes: its scheduler learns from what it sees.</summary>
        public static Replaying Of(StepTimes times, SchedulerOptions limits, RooflineFacts? roofline) => new(
            new Scheduler(limits, new StepPredictor(times.Frozen(), learns: true)), times,
            roofline is null ? null : new FirstTokenGaps(roofline, times, times.Split, limits));

        /// <summary>A simulated engine: its steps are as long as they are foreseen.</summary>
        public static Replaying Of(
            StepTimeModel times, SchedulerOptions limits, RooflineFacts? roofline) => new(
            new Scheduler(limits, new StepPredictor(times)), times,
            roofline is null ? null : new FirstTokenGaps(roofline, times, times.Split, limits));

        public ReplayOutcome Outcome => new(
            _plans, _differences, _scheduler.PlanHash, _realNs, _predictedNs, _steps,
            _steps > 0 ? _errors / _steps : null)
        {
            Gap = _gaps?.Summary(),
        };

        public void Take(JsonElement line)
        {
            var nowNs = line.GetProperty("now_ns").GetInt64();
            switch (line.GetProperty("event").GetString())
            {
                case "add":
                    var spec = line.GetProperty("spec").Deserialize<RequestSpec>();
                    var verdict = _scheduler.Add(spec, nowNs);
                    _gaps?.Add(verdict.Request, spec, nowNs);
                    _differences += verdict.Request == Id(line) ? 0 : 1;
                    break;
                case "cancel":
                    _scheduler.Cancel(Id(line), nowNs);
                    _gaps?.Cancel(Id(line));
                    break;
                case "plan":
                    var plan = _scheduler.Plan(nowNs);
                    _shape = plan.Shape;
                    _gaps?.Plan(plan, nowNs);
                    _plans++;
                    _differences += IsSame(plan, line) ? 0 : 1;
                    break;
                default:
                    Commit(line, nowNs);
                    break;
            }
        }

        /// <summary>Whether a plan is the log's in all that the log says of it.</summary>
        bool IsSame(StepPlan plan, JsonElement line) =>
            _shape.Tokens == line.GetProperty("tokens").GetInt32()
            && (!line.TryGetProperty("plan_hash", out var hash)
                || hash.ValueEquals(_scheduler.PlanHash.ToString("x16", CultureInfo.InvariantCulture)))
            && (!line.TryGetProperty("predicted_ns", out var predicted)
                || predicted.GetInt64() == plan.PredictedNs)
            && (!line.TryGetProperty("shape", out var shape) || IsSame(_shape, shape));

        static bool IsSame(in StepShape shape, JsonElement logged) =>
            logged.GetProperty("decodes").GetInt64() == shape.Decodes
            && logged.GetProperty("decode_context_tokens").GetInt64() == shape.DecodeContextTokens
            && logged.GetProperty("prefill_chunks").GetInt64() == shape.PrefillChunks
            && logged.GetProperty("prefill_tokens").GetInt64() == shape.PrefillTokens
            && logged.GetProperty("prefill_pairs").GetInt64() == shape.PrefillPairs
            && logged.GetProperty("prefill_context_tokens").GetInt64() == shape.PrefillContextTokens
            && logged.GetProperty("draft_tokens").GetInt64() == shape.DraftTokens
            && logged.GetProperty("logit_rows").GetInt64() == shape.LogitRows;

        void Commit(JsonElement line, long nowNs)
        {
            _outcomes.Clear();
            foreach (var exception in line.GetProperty("exceptions").EnumerateArray())
            {
                _outcomes.Add(new RequestOutcome
                {
                    Request = Id(exception),
                    Finished = exception.GetProperty("finished").GetBoolean(),
                    Aborted = exception.GetProperty("aborted").GetBoolean(),
                    ComputedTokens = exception.GetProperty("computed").GetInt32(),
                    AcceptedDrafts = exception.GetProperty("accepted").GetInt32(),
                });
            }
            var durationNs = line.GetProperty("duration_ns").GetInt64();
            int? drafted = line.TryGetProperty("drafted", out var tokens) ? tokens.GetInt32() : null;
            _shape.DraftTokens = drafted ?? _shape.DraftTokens;
            if (times is not null && durationNs > 0 && !_outcomes.Exists(outcome => outcome.Aborted))
            {
                var predictedNs = times.PredictNs(_shape);
                _steps++;
                _realNs += durationNs;
                _predictedNs += predictedNs;
                _errors += Math.Abs(predictedNs - durationNs) / (double)durationNs;
            }
            _gaps?.Commit(CollectionsMarshal.AsSpan(_outcomes), durationNs, nowNs);
            _scheduler.Commit(
                new StepOutcome(CollectionsMarshal.AsSpan(_outcomes))
                {
                    DurationNs = durationNs,
                    DraftedTokens = drafted,
                },
                nowNs);
        }

        static RequestId Id(JsonElement line) =>
            new(line.GetProperty("slot").GetInt32(), line.GetProperty("generation").GetInt32());
    }
}
