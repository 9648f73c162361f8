using System;
using System.Collections.Generic;
using Plimsoll.Core.Costing;
using Plimsoll.Core.Timing;

namespace Plimsoll.Server.Ledger;

/// <summary>What one audit found: how far requests' bills are from their Shapley values.</summary>
/// <param name="Steps">Steps that were sampled.</param>
/// <param name="Requests">Requests in them.</param>
/// <param name="MedianError">Median over requests of |billed − Shapley| ÷ Shapley; null without any.</param>
/// <param name="P95Error">The same at the 95th percentile; null below 130 requests.</param>
public readonly record struct AuditResult(int Steps, int Requests, double? MedianError, double? P95Error);

/// <summary>
/// Holds the split of steps against the Shapley value of the game that a step is: what a coalition of its
/// sequences costs is the time that a step with them alone would take. The values are means over random
/// orders, so they carry sampling noise of their own; nothing of the split is used to find them.
/// </summary>
public sealed class ShapleyAudit(StepTimeModel stepTime, int orders = 48, ulong seed = 1)
{
    const long Amount = 1_000_000_000_000;
    const int FewestForP95 = 130;

    readonly Dictionary<long, (double Billed, double Fair)> _requests = [];
    ulong _state = seed;
    int _steps;

    /// <summary>Adds a step: both splits of its predicted time among those who were in it.</summary>
    public void Add(in StepSplit causes, ReadOnlySpan<StepWork> works, ReadOnlySpan<long> requests)
    {
        var fair = Shapley(works);
        var whole = 0.0;
        foreach (var value in fair)
            whole += value;
        if (whole <= 0)
            return;
        var charges = new StepCharge[works.Length];
        StepBill.Split(Amount, causes, works, charges);
        for (var i = 0; i < works.Length; i++)
        {
            var (billed, due) = _requests.GetValueOrDefault(requests[i]);
            _requests[requests[i]] = (billed + (charges[i].Total * (whole / Amount)), due + fair[i]);
        }
        _steps++;
    }

    public AuditResult Result()
    {
        var errors = new List<double>();
        foreach (var (billed, fair) in _requests.Values)
        {
            if (fair > 0)
                errors.Add(Math.Abs(billed - fair) / fair);
        }
        errors.Sort();
        return new AuditResult(_steps, errors.Count,
            errors.Count == 0 ? null : errors[errors.Count / 2],
            errors.Count < FewestForP95 ? null : errors[(int)(0.95 * errors.Count)]);
    }

    /// <summary>Mean marginal nanoseconds of each sequence over random orders, each also backwards.</summary>
    public double[] Shapley(ReadOnlySpan<StepWork> works)
    {
        var values = new double[works.Length];
        var order = new int[works.Length];
        for (var i = 0; i < order.Length; i++)
            order[i] = i;
        for (var round = 0; round < orders; round++)
        {
            if (round % 2 == 0)
                Shuffle(order);
            else
                Array.Reverse(order);
            var shape = new StepShape();
            var before = 0L;
            foreach (var i in order)
            {
                Join(ref shape, works[i]);
                var with = stepTime.PredictNs(shape);
                values[i] += (double)(with - before) / orders;
                before = with;
            }
        }
        return values;
    }

    static void Join(ref StepShape shape, in StepWork work)
    {
        if (work.PrefillTokens > 0)
        {
            var start = Math.Max(0, work.ContextTokens - work.PrefillTokens - work.DecodeTokens);
            shape.AddChunk(start, work.PrefillTokens, endsPrompt: work.DecodeTokens > 0);
        }
        else if (work.DecodeTokens > 0)
        {
            shape.AddDecodes(1, work.ContextTokens);
        }
    }

    void Shuffle(int[] order)
    {
        for (var i = order.Length - 1; i > 0; i--)
        {
            // SplitMix64: an audit of the same steps finds the same.
            var z = _state += 0x9E3779B97F4A7C15UL;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
            var j = (int)((z ^ (z >> 31)) % (ulong)(i + 1));
            (order[i], order[j]) = (order[j], order[i]);
        }
    }
}
