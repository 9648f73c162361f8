using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Promises;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Workloads;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Planning.Backfill;

/// <summary>
/// Batch lines per second that no policy exceeds beside these very requests, for who knows the future and may
/// split tokens: every request is there for as long as its own level lets its tokens be apart, so that steps
/// are as long as the tightest of those there allows and the fewest are taken; one with a looser gap is in as
/// many of them as its own needs. What a step has left is filled with the best mix of prompt and answer
/// tokens, by the Lagrangian dual of lines that need both.
/// </summary>
public sealed class BackfillBound
{
    const int Tries = 24;
    const int Batches = 24;

    readonly SimulatedEngine _engine;
    readonly IReadOnlyList<(int Present, double GapNs, double Share)> _presence;
    readonly double _promptPerSecond;
    readonly double _interactiveContext;
    readonly double _prompt;
    readonly double _answer;

    BackfillBound(
        SimulatedEngine engine, IReadOnlyList<(int Present, double GapNs, double Share)> presence,
        double promptPerSecond, double interactiveContext, double prompt, double answer)
    {
        (_engine, _presence) = (engine, presence);
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
        var (prompt, answer) = line ?? BoundedLine.Mean(options.BatchWorkload!);
        var most = 0.0;
        // Where seats or memory are short, answers that are done sooner leave more of them.
        foreach (var part in Parts)
        {
            var gaps = Gaps(options.Levels, engine, (long)requests.MeanPromptTokens, part);
            var arrivals = requests.Open(
                requestsPerSecond, options.Requests, options.Seed, ArrivalProcess.Representative);
            var presence = Presence(arrivals, options, gaps, out var prompts, out var context, out var spanS);
            var bound = new BackfillBound(
                engine, presence, prompts * (1 - hits) / spanS, context, Math.Max(1, prompt), answer);
            most = Math.Max(most, bound.Least());
        }
        return most;
    }

    /// <summary>
    /// Parts of the gaps that are promised: steps as long as they may be, and shorter ones.
    /// </summary>
    static readonly double[] Parts = [1, 0.7, 0.49, 0.343, 0.2401];

    /// <summary>
    /// A part of what each level lets its tokens be apart, nanoseconds. Without a promise a step of a second
    /// loses nothing worth counting; a part of it goes down to the shortest step.
    /// </summary>
    static double[] Gaps(
        IReadOnlyList<LevelPromise> levels, SimulatedEngine engine, long context, double part)
    {
        var single = default(StepShape);
        single.AddDecodes(1, context);
        double shortestNs = engine.StepTime.PredictNs(single);
        return [.. levels.Select(level => level.Spec is { Class: ServiceClass.Interactive, ItlNs: { } ns }
            ? part * ns
            : 1e9 * Math.Pow(shortestNs / 1e9, Math.Log(part) / Math.Log(Parts[^1])))];
    }

    /// <summary>
    /// How many requests a step has on average, how long it may be, and for what share of the time.
    /// </summary>
    static List<(int, double, double)> Presence(
        IArrivalSource arrivals, SimulationOptions options, double[] gaps, out double prompts,
        out double context, out double spanS)
    {
        var ends = new PriorityQueue<int, double>();
        var shares = new SortedDictionary<(int Present, double GapNs), double>();
        var here = new int[gaps.Length];
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
                here[ends.Dequeue()]--;
            }
            Pass(atNs);
            here[request.Level]++;
            ends.Enqueue(request.Level, atNs + gaps[request.Level] * Math.Max(0, request.OutputTokens - 1));
            prompts += request.PromptTokens;
            context += request.OutputTokens * (request.PromptTokens + request.OutputTokens / 2.0);
            tokens += request.OutputTokens;
        }
        context /= Math.Max(1, tokens);
        spanS = now / 1e9;
        var list = new List<(int, double, double)>();
        foreach (var ((present, gapNs), ns) in shares)
            list.Add((present, gapNs, ns / now));
        return list;

        void Pass(double untilNs)
        {
            double tightest = double.PositiveInfinity, present = 0;
            for (var level = 0; level < gaps.Length; level++)
                tightest = here[level] > 0 ? Math.Min(tightest, gaps[level]) : tightest;
            for (var level = 0; level < gaps.Length; level++)
                present += here[level] > 0 ? here[level] * tightest / gaps[level] : 0;
            // Not of whole requests, of which fewer take less.
            var key = ((int)(present + 1e-9), tightest);
            shares[key] = shares.GetValueOrDefault(key) + untilNs - now;
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
        foreach (var (present, gapNs, share) in _presence)
        {
            worth += share * (double.IsInfinity(gapNs)
                ? Alone(prompt, decode)
                : Beside(present, gapNs, prompt, decode));
        }
        return worth;
    }

    /// <summary>The best step that is as long as gaps may be, with so many requests in it.</summary>
    double Beside(int present, double gapNs, double prompt, double decode)
    {
        var best = 0.0;
        var most = MostDecodes(present);
        var waiting = (int)(_promptPerSecond * gapNs / 1e9);
        for (var i = 0; i <= Batches; i++)
        {
            var decodes = (int)((long)most * i / Batches);
            int fits = -1, breaks = TokenLimit(present + decodes) - waiting + 1;
            while (breaks - fits > 8)
            {
                var middle = (fits + breaks) / 2;
                if (StepNs(present, decodes, waiting + middle) <= gapNs)
                    fits = middle;
                else
                    breaks = middle;
            }
            if (fits >= 0)
                best = Math.Max(best, prompt * (fits + 8) + decode * decodes);
        }
        return best / (gapNs / 1e9);
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
