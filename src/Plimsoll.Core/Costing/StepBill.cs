using System;
using Plimsoll.Core.Timing;

namespace Plimsoll.Core.Costing;

/// <summary>
/// Splits what a step cost among the sequences in it: the fixed part equally, which is its Shapley value, the
/// rest by each sequence's own tokens, pairs and KV. Every column is handed out by running sums, so shares
/// are integers, lie within one pico-dollar of proportional, and sum to the step to the unit.
/// </summary>
public static class StepBill
{
    /// <summary>
    /// Weights where an engine cannot say what caused a step's length: fixed, per prefill token, per decoded
    /// token, per KV token read. Measured ratios of an 8B model on one H100.
    /// </summary>
    static readonly StepSplit _unknown = new()
    {
        FixedNs = 600,
        PrefillTokensNs = 200,
        DecodeTokensNs = 100,
        DecodeContextNs = 100,
    };

    /// <param name="amount">What the step cost, pico-dollars; not negative.</param>
    /// <param name="causes">How its time splits over causes; all zero when unknown.</param>
    /// <param name="works">What each sequence did.</param>
    /// <param name="charges">What each pays; as many as <paramref name="works"/>.</param>
    public static void Split(
        long amount, in StepSplit causes, ReadOnlySpan<StepWork> works, Span<StepCharge> charges)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(amount);
        ArgumentOutOfRangeException.ThrowIfZero(works.Length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(charges.Length, works.Length);
        var sums = Sums.Of(works);
        var split = (causes.TotalNs > 0 ? causes : _unknown).Without(sums);

        var columns = new Running(amount, split.Fixed + split.Prefill + split.Decode + split.Kv);
        var fixedPart = columns.Next(split.Fixed);
        var prefillPart = columns.Next(split.Prefill);
        var decodePart = columns.Next(split.Decode);
        var kvPart = columns.Rest();

        var equal = new Running(fixedPart, works.Length);
        var prefill = new Running(prefillPart, split.Prefill);
        var decode = new Running(decodePart, sums.Decodes);
        var kv = new Running(kvPart, split.Kv);
        for (var i = 0; i < works.Length; i++)
        {
            ref readonly var work = ref works[i];
            charges[i] = i == works.Length - 1
                ? new StepCharge(equal.Rest(), prefill.Rest(), decode.Rest(), kv.Rest())
                : new StepCharge(
                    equal.Next(1), prefill.Next(split.PrefillWeight(work, sums)),
                        decode.Next(work.DecodeTokens),
                    kv.Next(split.KvWeight(work, sums)));
        }
    }

    static Columns Without(this in StepSplit causes, in Sums sums)
    {
        // A cause that nobody in the step has is fixed: somebody must pay it.
        double unpaid = causes.FixedNs;
        var prefillTokens = Paid(causes.PrefillTokensNs, sums.PrefillTokens, ref unpaid);
        var pairs = Paid(causes.PrefillNewContextNs, sums.NewPairs, ref unpaid);
        var cached = Paid(causes.PrefillCachedContextNs, sums.CachedPairs, ref unpaid);
        var decode = Paid(causes.DecodeTokensNs, sums.Decodes, ref unpaid);
        var context = Paid(causes.DecodeContextNs, sums.DecodeContext, ref unpaid);
        return new Columns(unpaid, prefillTokens, pairs, decode, context, cached);
    }

    static double Paid(long ns, double by, ref double unpaid)
    {
        if (by > 0)
            return ns;
        unpaid += ns;
        return 0;
    }

    /// <summary>Nanoseconds by column, and each sequence's weight in them.</summary>
    readonly record struct Columns(
        double Fixed, double PrefillTokens, double NewPairs, double Decode, double Context,
            double CachedPairs)
    {
        public double Prefill => PrefillTokens + NewPairs;

        public double Kv => Context + CachedPairs;

        public double PrefillWeight(in StepWork work, in Sums sums) =>
            Part(PrefillTokens, work.PrefillTokens, sums.PrefillTokens)
            + Part(NewPairs, Sums.NewPairsOf(work), sums.NewPairs);

        public double KvWeight(in StepWork work, in Sums sums) =>
            Part(Context, work.DecodeTokens > 0 ? work.ContextTokens : 0, sums.DecodeContext)
            + Part(CachedPairs, Sums.CachedPairsOf(work), sums.CachedPairs);

        static double Part(double ns, double own, double all) => all > 0 ? ns * own / all : 0;
    }

    readonly record struct Sums(
        double PrefillTokens, double NewPairs, double CachedPairs, double Decodes, double DecodeContext)
    {
        public static Sums Of(ReadOnlySpan<StepWork> works)
        {
            double prefill = 0, pairs = 0, cached = 0, decodes = 0, context = 0;
            foreach (ref readonly var work in works)
            {
                prefill += work.PrefillTokens;
                pairs += NewPairsOf(work);
                cached += CachedPairsOf(work);
                decodes += work.DecodeTokens;
                context += work.DecodeTokens > 0 ? work.ContextTokens : 0;
            }
            return new Sums(prefill, pairs, cached, decodes, context);
        }

        public static double NewPairsOf(in StepWork work) =>
            work.PrefillTokens * (work.PrefillTokens + 1.0) / 2;

        public static double CachedPairsOf(in StepWork work) =>
            work.PrefillTokens * (double)Math.Max(0,
                work.ContextTokens - work.PrefillTokens - work.DecodeTokens);
    }

    /// <summary>Hands out an amount by running sums of weights.</summary>
    struct Running(long amount, double total)
    {
        double _weight;
        long _given;

        public long Next(double weight)
        {
            _weight += weight;
            var upTo = total > 0 ? (long)Math.Min(amount, Math.Floor(amount * (_weight / total))) : 0;
            var share = Math.Max(0, upTo - _given);
            _given += share;
            return share;
        }

        public readonly long Rest() => amount - _given;
    }
}
