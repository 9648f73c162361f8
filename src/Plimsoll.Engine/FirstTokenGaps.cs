using System;
using System.Collections.Generic;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;
using Plimsoll.Engine.Timing;

namespace Plimsoll.Engine;

/// <summary>First tokens of a log, the gap of each in its parts.</summary>
/// <param name="Mean">Over all of them.</param>
/// <param name="Tail">Over those from the 95th percentile on; null where too few tell it.</param>
/// <param name="Requests">How many there are.</param>
/// <param name="LeftOut">Requests that were over before their first token.</param>
/// <param name="P50Ns">Median, exact.</param>
/// <param name="P95Ns">95th percentile; null where too few tell it.</param>
public sealed record FirstTokenGapSummary(
    FirstTokenGap Mean, FirstTokenGap? Tail, int Requests, int LeftOut, double P50Ns, double? P95Ns);

/// <summary>
/// Follows a log's requests to their first tokens. A request's share of a step is what its own chunk would
/// take alone, by the step times at the start, as a part of what the whole step should take: measured time is
/// split, never replaced.
/// </summary>
/// <param name="roofline">What prompts must cost.</param>
/// <param name="times">How long steps are foreseen to take.</param>
/// <param name="split">What causes their length.</param>
/// <param name="limits">The scheduler's.</param>
sealed class FirstTokenGaps(
    RooflineFacts roofline, IStepTimes times, FirstTokenGaps.Split split, SchedulerOptions limits)
{
    public delegate StepSplit Split(in StepShape shape);

    sealed class Prompt
    {
        public long ArrivedNs;
        public int Tokens;
        public long FirstPlanNs = -1;
        public int Cached;
        public int Reached;
        public double OwnNs;
    }

    readonly Dictionary<RequestId, Prompt> _waiting = [];
    readonly List<(PrefillChunk Chunk, double Share)> _chunks = [];
    readonly List<FirstTokenGap> _gaps = [];
    int _leftOut;
    double? _bestNsPerToken;

    public void Add(RequestId request, in RequestSpec spec, long nowNs)
    {
        if (limits.Levels[spec.Level].Class == ServiceClass.Batch || request.IsNone)
            return;
        _waiting[request] = new Prompt { ArrivedNs = spec.ArrivalNs ?? nowNs, Tokens = spec.PromptTokens };
    }

    public void Cancel(RequestId request) => _leftOut += _waiting.Remove(request) ? 1 : 0;

    public void Plan(StepPlan plan, long nowNs)
    {
        _chunks.Clear();
        if (plan.IsEmpty)
            return;
        var shape = plan.Shape;
        var whole = Math.Max(1, times.PredictNs(shape));
        foreach (ref readonly var chunk in plan.Chunks)
        {
            if (!_waiting.TryGetValue(chunk.Request, out var prompt))
                continue;
            if (prompt.FirstPlanNs < 0)
            {
                prompt.FirstPlanNs = nowNs;
                prompt.Cached = prompt.Reached = chunk.Start;
            }
            // What was computed before and lost is scheduling's work, not the prompt's.
            var from = Math.Max(chunk.Start, prompt.Reached);
            var alone = new StepShape();
            if (chunk.Start + chunk.Tokens > from)
                alone.AddChunk(from, chunk.Start + chunk.Tokens - from, chunk.EndsPrompt);
            _chunks.Add((chunk, alone.IsEmpty ? 0 : Math.Min(1, times.PredictNs(alone) / (double)whole)));
        }
    }

    public void Commit(ReadOnlySpan<RequestOutcome> exceptions, long durationNs, long nowNs)
    {
        foreach (var (chunk, share) in _chunks)
        {
            if (!_waiting.TryGetValue(chunk.Request, out var prompt))
                continue;
            var (computed, ends) = (chunk.Tokens, chunk.EndsPrompt);
            foreach (ref readonly var exception in exceptions)
            {
                if (exception.Request == chunk.Request && exception.Aborted)
                    (computed, ends) = (exception.ComputedTokens, false);
            }
            prompt.OwnNs += share * durationNs;
            prompt.Reached = Math.Max(prompt.Reached, chunk.Start + computed);
            if (!ends)
                continue;
            _waiting.Remove(chunk.Request);
            _gaps.Add(Gap(prompt, nowNs));
        }
    }

    /// <summary>Null without any first token.</summary>
    public FirstTokenGapSummary? Summary()
    {
        if (_gaps.Count == 0)
            return null;
        _gaps.Sort((a, b) => a.TotalNs.CompareTo(b.TotalNs));
        var first = (int)Math.Ceiling(0.95 * _gaps.Count) - 1;
        var tells = _gaps.Count >= PercentileSamples.Needed(95);
        return new FirstTokenGapSummary(
            Mean(0), tells ? Mean(first) : null, _gaps.Count, _leftOut, _gaps[(_gaps.Count - 1) / 2].TotalNs,
            tells ? _gaps[first].TotalNs : null);
    }

    /// <summary>Every first token of the log, shortest first once a summary was made.</summary>
    public IReadOnlyList<FirstTokenGap> All => _gaps;

    FirstTokenGap Mean(int from)
    {
        var sum = default(FirstTokenGap);
        for (var i = from; i < _gaps.Count; i++)
            sum += _gaps[i];
        return sum / (_gaps.Count - from);
    }

    FirstTokenGap Gap(Prompt prompt, long nowNs)
    {
        var shape = new StepShape();
        shape.AddChunk(prompt.Cached, prompt.Tokens - prompt.Cached, endsPrompt: true);
        var tokens = shape.PrefillTokens;
        var one = new StepShape();
        one.AddChunk(0, 1, endsPrompt: true);
        var pairsNs = split(shape).PrefillNewContextNs;
        var best = pairsNs + Math.Max(times.PredictNs(one), tokens * (_bestNsPerToken ??= BestNsPerToken()));
        return FirstTokenGap.Of(
            nowNs - prompt.ArrivedNs, prompt.FirstPlanNs - prompt.ArrivedNs, prompt.OwnNs, best,
            roofline.PromptNs(tokens, shape.PrefillPairs));
    }

    /// <summary>The least that a token cost in a step of any size, contexts left out.</summary>
    double BestNsPerToken()
    {
        var best = double.MaxValue;
        for (var tokens = 1; tokens <= limits.MaxNumBatchedTokens; tokens *= 2)
        {
            var shape = new StepShape();
            shape.AddChunk(0, tokens, endsPrompt: true);
            best = Math.Min(
                best, (times.PredictNs(shape) - split(shape).PrefillNewContextNs) / (double)tokens);
        }
        return Math.Max(1, best);
    }
}
