using System;
using System.Collections.Generic;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Timing;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Planning.Search;

/// <summary>
/// An engine rank in the steady state of one mean request, in closed form: so many requests decode, and a
/// prompt is computed beside them whenever an answer ends. No queue, no burst, no spread of lengths.
/// <code>
///   step    t(n) = decode(n) + n/output · (what a prompt adds to a step)
///   TPOT    t(n)         rate    n / (output · t(n))
/// </code>
/// </summary>
public sealed class SteadyState
{
    readonly SimulatedEngine _engine;
    readonly MeanRequest _mean;

    public SteadyState(SimulatedEngine engine, MeanRequest mean)
    {
        _engine = engine;
        _mean = mean;
    }

    /// <summary>Requests that memory and the batch limit let run at once; at least one.</summary>
    public int MostRunning
    {
        get
        {
            var held = _mean.PromptTokens - _mean.CachedTokens + _mean.OutputTokens / 2;
            var fitting = _engine.Memory.Tokens / Math.Max(1, held);
            return (int)Math.Clamp(fitting, 1, _engine.Limits.MaxNumSeqs);
        }
    }

    /// <summary>The state with this many requests decoding.</summary>
    /// <param name="running">Decoding requests.</param>
    /// <param name="packed">
    /// Whether prompts are computed as cheaply as they can be, together where that is cheaper, rather than as
    /// they come: for a bound.
    /// </param>
    public SteadyPoint At(int running, bool packed = false)
    {
        var decodeNs = DecodeNs(running);
        var oneNs = PromptsNs(running, 1);
        var most = (int)Math.Clamp(
            (_engine.Limits.MaxNumBatchedTokens - running) / _mean.NewTokens, 1, 256);
        var together = Math.Clamp((int)Math.Ceiling(running / _mean.OutputTokens), 1, most);
        var promptNs = packed
            ? Math.Min(oneNs, PromptsNs(running, most) / most)
            : together == 1 ? oneNs : PromptsNs(running, together) / together;
        var stepNs = decodeNs + running / _mean.OutputTokens * promptNs;
        return new SteadyPoint(
            running, running / (_mean.OutputTokens * stepNs) * 1e9, stepNs,
            decodeNs + oneNs + RequestNs);
    }

    /// <summary>
    /// The highest rate among batches whose mean time per token keeps every limit of it within a slack;
    /// null where not even one request alone does.
    /// </summary>
    public SteadyPoint? Best(IEnumerable<Limit> limits, double slack, bool packed)
    {
        double tpot = double.PositiveInfinity, ttft = double.PositiveInfinity;
        foreach (var limit in limits)
        {
            if (limit.Metric == Metric.Tpot)
                tpot = Math.Min(tpot, limit.LimitNs * slack);
            if (limit.Metric == Metric.Ttft)
                ttft = Math.Min(ttft, limit.LimitNs * slack);
        }
        SteadyPoint? best = null;
        foreach (var running in Batches(MostRunning))
        {
            var point = At(running, packed);
            if (point.TpotNs > tpot || (!packed && point.FirstTokenNs > ttft))
                continue;
            if (best is null || point.RequestsPerSecond > best.Value.RequestsPerSecond)
                best = point;
        }
        return best;
    }

    /// <summary>
    /// Prompts alone, one after another: requests per second of an engine that only prefills.
    /// </summary>
    public double PrefillRate() => 1e9 / PromptsNs(0, 1);

    /// <summary>Decodes alone, as in an engine that only decodes.</summary>
    public SteadyPoint? BestDecode(IEnumerable<Limit> limits, double slack)
    {
        var tpot = double.PositiveInfinity;
        foreach (var limit in limits)
        {
            if (limit.Metric == Metric.Tpot)
                tpot = Math.Min(tpot, limit.LimitNs * slack);
        }
        SteadyPoint? best = null;
        foreach (var running in Batches(MostRunning))
        {
            var stepNs = DecodeNs(running);
            if (stepNs <= tpot)
            {
                best = new SteadyPoint(
                    running, running / (_mean.OutputTokens * stepNs) * 1e9, stepNs,
                    PromptsNs(0, 1) + RequestNs);
            }
        }
        return best;
    }

    /// <summary>Seven batch sizes a doubling, the largest always among them.</summary>
    static IEnumerable<int> Batches(int most)
    {
        for (double size = 1; size < most; size = Math.Max(size + 1, size * 1.1))
            yield return (int)size;
        yield return most;
    }

    double RequestNs => _engine.StepTime.RequestOverhead.Ns((int)_mean.PromptTokens);

    double DecodeNs(int running)
    {
        var shape = new StepShape();
        shape.AddDecodes(running, (long)(running * (_mean.PromptTokens + _mean.OutputTokens / 2)));
        return _engine.StepTime.PredictNs(shape);
    }

    /// <summary>What so many prompts add to steps in which others decode, chunk by chunk.</summary>
    double PromptsNs(int running, int prompts)
    {
        var budget = Math.Max(1, _engine.Limits.MaxNumBatchedTokens - running);
        var tokens = (int)Math.Max(1, Math.Round(_mean.NewTokens));
        var start = (int)_mean.CachedTokens;
        var beside = running > 0 ? DecodeNs(running) : 0;
        double sum = 0;
        for (var done = 0; done < tokens;)
        {
            var chunk = Math.Min(tokens - done, Math.Max(1, budget / prompts));
            var shape = new StepShape();
            if (running > 0)
                shape.AddDecodes(running, (long)(running * (_mean.PromptTokens + _mean.OutputTokens / 2)));
            for (var i = 0; i < prompts; i++)
                shape.AddChunk(start + done, chunk, done + chunk >= tokens);
            sum += Math.Max(0, _engine.StepTime.PredictNs(shape) - beside);
            done += chunk;
        }
        return sum;
    }
}

/// <summary>A steady state: requests decoding, what is carried, and how long tokens take.</summary>
/// <param name="Running">Requests decoding at once.</param>
/// <param name="RequestsPerSecond">Of one engine rank.</param>
/// <param name="TpotNs">Mean time per token.</param>
/// <param name="FirstTokenNs">Time to a first token when nobody waits.</param>
public readonly record struct SteadyPoint(
    int Running, double RequestsPerSecond, double TpotNs, double FirstTokenNs);
