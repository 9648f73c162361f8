using System;
using System.Collections.Generic;
using Plimsoll.Bench.Results;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Catalogues;

namespace Plimsoll.Bench.Money;

/// <summary>
/// Splits what a request really took of its replicas into what it could have taken. Five levels of one
/// figure, replica time per request: the physical floor; the kernels at the largest batch that memory holds;
/// the same at the batch that really ran; the time in which something was under way; all the time that was
/// paid. Each bar is the step from one level to the next, so the bars sum to the bill. Behind an endpoint of
/// several replicas nobody outside sees which of them had something under way: waiting and idle are then one.
/// </summary>
static class GapSplit
{
    public static (IReadOnlyList<GapBar> Bars, string Tier) Of(
        BenchResult result, MoneyOptions options, Deployment deployment)
    {
        var model = StepTimeCatalogue.ModelOf(deployment);
        var replicas = (double)options.Count / deployment.Accelerators;
        var requests = (double)result.Completed;
        var mean = new MeanRequest(
            Math.Max(1, result.PromptTokens / requests), Math.Max(0, result.CachedTokens / requests),
            Math.Max(1, result.OutputTokens / requests));
        var paidNs = 1e9 * result.DurationS * replicas / requests;
        var busyNs = paidNs * Math.Min(1, result.BusyS / result.DurationS);
        var floorNs = ModelLimits.FloorNsPerRequest(
            deployment, (long)mean.Prompt, (long)mean.Cached, (long)mean.Output);
        var largest = LargestBatch(deployment, mean);
        var bestNs = mean.Ns(model, largest);
        var batch = Math.Clamp(Decoding(result) / replicas, 1, largest);
        var ranNs = mean.Ns(model, batch);
        var usdPerNs = options.UsdPerHour / replicas / 3600e9 / (mean.Prompt + mean.Output) * 1e6;
        var each = replicas > 1 ? " in each of the replicas on average" : "";
        var ran = FormattableString.Invariant($"{batch:0.#} sequences decoded at once{each}, ")
            + FormattableString.Invariant($"{largest:0} fit");
        return (
            [
                new("floor", usdPerNs * floorNs,
                    "peak FLOPs and bandwidth, weights read once for an unbounded batch"),
                new("kernels", usdPerNs * (bestNs - floorNs),
                    "real kernels and host at the largest batch that fits"),
                new("batching", usdPerNs * (ranNs - bestNs), ran),
                .. Rest(usdPerNs, ranNs, busyNs, paidNs, replicas),
            ],
            model.Tier.ToString().ToLowerInvariant());
    }

    static IEnumerable<GapBar> Rest(
        double usdPerNs, double ranNs, double busyNs, double paidNs, double replicas) =>
        replicas > 1
            ? [
                new("waiting or idle", usdPerNs * (paidNs - ranNs),
                    "time beyond the predicted steps; which replica was idle when is not seen from outside"),
            ]
            : [
                new("waiting", usdPerNs * (busyNs - ranNs),
                    "busy beyond what the predicted steps take; negative where they are faster"),
                new("idle", usdPerNs * (paidNs - busyNs), "nothing under way"),
            ];

    /// <summary>Sequences that decode at a time while something is under way, by Little's law.</summary>
    static double Decoding(BenchResult result)
    {
        var sum = 0.0;
        foreach (var level in result.Levels)
        {
            var tpotMs = level.Latencies[Metric.Tpot].MeanMs ?? 0;
            sum += tpotMs * Math.Max(0, level.OutputTokens - level.Completed) / 1000;
        }
        return result.BusyS > 0 ? sum / result.BusyS : 1;
    }

    static double LargestBatch(Deployment deployment, MeanRequest mean)
    {
        var tokens = EngineCatalogue.Capacity(deployment, (int)mean.Context).Tokens;
        return Math.Max(1, Math.Min(deployment.Engine.MaxNumSeqs,
            Math.Floor(tokens / (mean.Prompt + mean.Output))));
    }

    /// <summary>A request of mean lengths, tokens.</summary>
    readonly record struct MeanRequest(double Prompt, double Cached, double Output)
    {
        public double Context => Prompt + Output / 2;

        /// <summary>
        /// Replica time of one request where so many decode at once and prompts come as answers leave: each
        /// step decodes the batch and computes its share of new prompts.
        /// </summary>
        public double Ns(StepTimeModel model, double batch)
        {
            var uncached = Math.Max(1, Prompt - Cached);
            var steps = Math.Max(1, Output - 1);
            var promptsPerStep = batch / steps;
            var most = model.Deployment.Engine.MaxNumBatchedTokens - batch;
            // More new prompt than a step takes: prompts set the pace.
            var slower = Math.Max(1, promptsPerStep * uncached / Math.Max(1, most));
            var tokens = promptsPerStep * uncached / slower;
            var chunks = (int)Math.Ceiling(promptsPerStep / slower);
            var shape = new StepShape
            {
                Decodes = (int)Math.Round(Output > 1 ? batch : 0),
                DecodeContextTokens = (long)(Output > 1 ? Math.Round(batch) * Context : 0),
                PrefillChunks = chunks,
                PrefillTokens = Math.Max(chunks, (int)tokens),
                PrefillPairs = (long)(tokens * (Cached + (uncached + 1) / 2)),
                PrefillContextTokens = (long)(chunks * Prompt),
                LogitRows = (int)Math.Round(batch) + chunks,
            };
            return model.PredictNs(shape) * slower * steps / batch;
        }
    }
}
