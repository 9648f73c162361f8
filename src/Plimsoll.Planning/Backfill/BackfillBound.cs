using System;
using System.Collections.Generic;
using Plimsoll.Core.Promises;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Workloads;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Planning.Backfill;

/// <summary>
/// Batch lines per second that no policy exceeds beside these very requests, for who knows the future and may
/// split tokens: every request is there for as long as its promise lets its tokens be apart, so that steps
/// are as long as they may be and the fewest are taken; what a step has left is filled with the best mix of
/// prompt and answer tokens, by the Lagrangian dual of lines that need both.
/// </summary>
public sealed class BackfillBound
{
    const int Tries = 24;
    const int Batches = 24;

    readonly SimulatedEngine _engine;
    readonly IReadOnlyList<(int Present, double Share)> _presence;
    readonly double _gapNs;
    readonly double _promptPerSecond;
    readonly double _interactiveContext;
    readonly double _prompt;
    readonly double _answer;

    BackfillBound(
        SimulatedEngine engine, IReadOnlyList<(int Present, double Share)> presence, double gapNs,
        double promptPerSecond, double interactiveContext, double prompt, double answer)
    {
        (_engine, _presence, _gapNs) = (engine, presence, gapNs);
        (_promptPerSecond, _interactiveContext) = (promptPerSecond, interactiveContext);
        (_prompt, _answer) = (prompt, answer);
    }

    /// <param name="engine">One engine rank.</param>
    /// <param name="requests">The interactive requests.</param>
    /// <param name="requestsPerSecond">Their rate.</param>
    /// <param name="options">Of the run that is bounded: its seed, its levels, its batch workload.</param>
    /// <param name="line">What a line takes, if it is not the mean one of the batch workload.</param>
    /// <param name="hits">Share of the requests' prompt tokens that the prefix cache gives.</param>
    public static double LinesPerSecond(
        SimulatedEngine engine, Workload requests, double requestsPerSecond, SimulationOptions options,
        BoundedLine? line = null, double hits = 0)
    {
        var gapNs = LoosestGapNs(options.Levels);
        var (prompt, answer) = line ?? BoundedLine.Mean(options.BatchWorkload!);
        var most = 0.0;
        // Where seats or memory are short, answers that are done sooner leave more of them.
        foreach (var stepNs in Steps(gapNs, engine, (long)requests.MeanPromptTokens))
        {
            var arrivals = requests.Open(
                requestsPerSecond, options.Requests, options.Seed, ArrivalProcess.Representative);
            var presence = Presence(
                arrivals, options, stepNs, out var prompts, out var context, out var spanS);
            var bound = new BackfillBound(
                engine, presence, stepNs, prompts * (1 - hits) / spanS, context, Math.Max(1, prompt), answer);
            most = Math.Max(most, bound.Least());
        }
        return most;
    }

    /// <summary>
    /// The loosest that a level is promised, which bounds what fits between the gaps of tighter ones too.
    /// </summary>
    static double LoosestGapNs(IReadOnlyList<LevelPromise> levels)
    {
        var gapNs = 0.0;
        foreach (var level in levels)
        {
            if (level.Spec.Class != ServiceClass.Batch)
                gapNs = Math.Max(gapNs, level.Spec.ItlNs ?? double.PositiveInfinity);
        }
        return gapNs > 0 ? gapNs : double.PositiveInfinity;
    }

    /// <summary>Lengths of step to try, from the longest that is promised.</summary>
    static IEnumerable<double> Steps(double gapNs, SimulatedEngine engine, long context)
    {
        var isPromised = double.IsFinite(gapNs);
        var single = default(StepShape);
        single.AddDecodes(1, context);
        // Without a promise on gaps a step of a second loses nothing worth counting.
        var (longest, shortest) = isPromised
            ? (gapNs, 0.2 * gapNs)
            : (1e9, engine.StepTime.PredictNs(single));
        for (var stepNs = longest; stepNs >= shortest; stepNs *= 0.7)
            yield return stepNs;
    }

    /// <summary>How many requests decode at once and for what share of the time.</summary>
    static List<(int, double)> Presence(
        IArrivalSource arrivals, SimulationOptions options, double gapNs, out double prompts,
        out double context, out double spanS)
    {
        var ends = new PriorityQueue<int, double>();
        var shares = new SortedDictionary<int, double>();
        double now = 0, tokens = 0;
        prompts = 0;
        context = 0;
        for (long i = 0; i < options.Requests && arrivals.TryPeek(out var atNs); i++)
        {
            arrivals.Take(out var request);
            arrivals.Finished(request.Session, atNs);
            while (ends.TryPeek(out _, out var end) && end <= atNs)
            {
                Pass(end);
                ends.Dequeue();
            }
            Pass(atNs);
            ends.Enqueue(0, atNs + gapNs * Math.Max(0, request.OutputTokens - 1));
            prompts += request.PromptTokens;
            context += request.OutputTokens * (request.PromptTokens + request.OutputTokens / 2.0);
            tokens += request.OutputTokens;
        }
        context /= Math.Max(1, tokens);
        spanS = now / 1e9;
        var list = new List<(int, double)>();
        foreach (var (present, ns) in shares)
            list.Add((present, ns / now));
        return list;

        void Pass(double untilNs)
        {
            shares[ends.Count] = shares.GetValueOrDefault(ends.Count) + untilNs - now;
            now = untilNs;
        }
    }

    /// <summary>The dual, which is convex in the worth of a prompt token, at its least.</summary>
    double Least()
    {
        const double Golden = 0.6180339887498949;
        double low = 0, high = 1 / _prompt;
        var (a, b) = (high - Golden * (high - low), low + Golden * (high - low));
        var (atA, atB) = (Worth(a), Worth(b));
        for (var i = 0; i < Tries; i++)
        {
            if (atA < atB)
            {
                (high, b, atB) = (b, a, atA);
                a = high - Golden * (high - low);
                atA = Worth(a);
            }
            else
            {
                (low, a, atA) = (a, b, atB);
                b = low + Golden * (high - low);
                atB = Worth(b);
            }
        }
        return Math.Min(atA, atB);
    }

    /// <summary>Lines per second when a prompt token is worth so many of a line, a decode the rest.</summary>
    double Worth(double prompt)
    {
        var decode = (1 - prompt * _prompt) / Math.Max(1, _answer);
        double worth = 0;
        foreach (var (present, share) in _presence)
            worth += share * (present == 0 ? Alone(prompt, decode) : Beside(present, prompt, decode));
        return worth;
    }

    /// <summary>The best step that is as long as gaps may be, with so many requests in it.</summary>
    double Beside(int present, double prompt, double decode)
    {
        var best = 0.0;
        var most = MostDecodes(present);
        var waiting = (int)(_promptPerSecond * _gapNs / 1e9);
        for (var i = 0; i <= Batches; i++)
        {
            var decodes = (int)((long)most * i / Batches);
            int fits = -1, breaks = TokenLimit(present + decodes) - waiting + 1;
            while (breaks - fits > 8)
            {
                var middle = (fits + breaks) / 2;
                if (StepNs(present, decodes, waiting + middle) <= _gapNs)
                    fits = middle;
                else
                    breaks = middle;
            }
            if (fits >= 0)
                best = Math.Max(best, prompt * (fits + 8) + decode * decodes);
        }
        return best / (_gapNs / 1e9);
    }

    /// <summary>The best rate of a step of any length with nobody in it who waits for a token.</summary>
    double Alone(double prompt, double decode)
    {
        var best = 0.0;
        var most = MostDecodes(0);
        for (var i = 0; i <= Batches; i++)
        {
            var decodes = (int)((long)most * i / Batches);
            var limit = TokenLimit(decodes);
            for (var j = 0; j <= 8; j++)
            {
                var tokens = limit * j / 8;
                if (tokens + decodes > 0)
                {
                    best = Math.Max(
                        best, (prompt * tokens + decode * decodes) / StepNs(0, decodes, tokens) * 1e9);
                }
            }
        }
        return best;
    }

    long StepNs(int present, int decodes, int promptTokens)
    {
        var shape = default(StepShape);
        if (present > 0)
            shape.AddDecodes(present, (long)(present * _interactiveContext));
        if (decodes > 0)
            shape.AddDecodes(decodes, (long)(decodes * (_prompt + _answer / 2)));
        if (promptTokens > 0)
        {
            shape.PrefillChunks = 1;
            shape.PrefillTokens = promptTokens;
            shape.PrefillPairs = (long)(promptTokens * _prompt / 2);
            shape.PrefillContextTokens = (long)_prompt;
        }
        return Math.Max(1, _engine.StepTime.PredictNs(shape));
    }

    int TokenLimit(int decodes) => Math.Max(0, _engine.Limits.MaxNumBatchedTokens - decodes);

    int MostDecodes(int present)
    {
        var tokens = (long)_engine.Limits.NumBlocks * _engine.Limits.BlockSize
            - (long)(present * _interactiveContext);
        return (int)Math.Clamp(
            tokens / (_prompt + _answer / 2), 0, Math.Max(0, _engine.Limits.MaxNumSeqs - present));
    }
}
