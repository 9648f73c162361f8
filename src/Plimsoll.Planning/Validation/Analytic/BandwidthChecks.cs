using System;
using System.Collections.Generic;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Models;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Measured;
using Plimsoll.Planning.Simulation;

namespace Plimsoll.Planning.Validation.Analytic;

/// <summary>
/// No token comes faster than its weights and KV can be read: TPOT ≥ (matrix bytes + KV bytes) ÷ bandwidth.
/// </summary>
static class BandwidthChecks
{
    const int Prompt = 2048;
    const int Output = 256;

    public static IEnumerable<AnalyticCheck> All()
    {
        foreach (var sequences in new[] { 1, 8 })
            yield return Reached(sequences);
        yield return NeverUndercut();
    }

    /// <summary>
    /// With ideal kernels on a memory so slow that launches vanish, the simulated TPOT is the bound; the
    /// activations, which the bound leaves out, and half a page of context are the tolerance.
    /// </summary>
    static AnalyticCheck Reached(int sequences)
    {
        var slow = Catalogue.BuiltIn.FindAccelerator("h100") with { MemoryGbPerSecond = 10 };
        var deployment = new Deployment
        {
            Model = Catalogue.BuiltIn.FindModel("Llama-3.1-8B"),
            Accelerator = slow,
        };
        var engine = EngineCatalogue.Of(deployment.Engine);
        engine = engine with
        {
            Overhead = engine.Overhead with { StepNs = 0, SequenceNs = 0, TokenNs = 0, ExposedNs = 0 },
        };
        var model = new StepTimeModel(deployment, Ideal(slow), engine);
        return new AnalyticCheck(
            $"decode bandwidth bound, {sequences} sequences",
            $"Llama-3.1-8B, ideal kernels on 10 GB/s, {Prompt}/{Output}", "ms",
            BoundMs(deployment, sequences), TpotMs(model, sequences), StandardError: 0,
            Tolerance: 0.005, LowerBound: true);
    }

    /// <summary>
    /// The nearest to the bound that any dense model of the catalogue comes on any measured card.
    /// </summary>
    static AnalyticCheck NeverUndercut()
    {
        AnalyticCheck? nearest = null;
        var pairs = 0;
        foreach (var model in Catalogue.BuiltIn.Models)
        {
            foreach (var accelerator in Catalogue.BuiltIn.Accelerators)
            {
                var deployment = new Deployment { Model = model, Accelerator = accelerator };
                // Only what answers token by token has a bound on them.
                if (model.FeedForward.MoeLayers > 0 || model.Attention.Bidirectional
                    || !EngineCatalogue.Capacity(deployment).Fits
                    || StepTimeCatalogue.TryLoad(accelerator.Key, "vllm") is null)
                {
                    continue;
                }
                pairs++;
                var bound = BoundMs(deployment, 1);
                var check = new AnalyticCheck(
                    "decode bandwidth bound, never undercut", $"nearest: {model.Name} on {accelerator.Key}",
                    "ms", bound,
                    TpotMs(StepTimeCatalogue.ModelOf(deployment), 1), StandardError: 0, Tolerance: null,
                    LowerBound: true);
                if (nearest is null || check.Measured / check.Theory < nearest.Measured / nearest.Theory)
                    nearest = check;
            }
        }
        return nearest! with { Setup = $"{pairs} dense models on measured cards; {nearest.Setup}" };
    }

    /// <summary>
    /// Milliseconds to read what one step must: matrices, LM head, and half an answer's KV.
    /// </summary>
    static double BoundMs(Deployment deployment, int sequences)
    {
        var model = deployment.Model;
        var a = model.Attention;
        var attention = (double)model.Hidden
            * ((2.0 * a.Heads * a.HeadDim) + (a.KvHeads * (a.HeadDim + a.ValueHeadDim)));
        var matricesOfLayer = model.FeedForward.Gated ? 3 : 2;
        var layers = (double)model.Layers * matricesOfLayer * model.Hidden * model.FeedForward.Intermediate
            + (a.FullLayers + a.WindowLayers) * attention;
        var matrices = deployment.Weights.BytesPerElement() * layers + 2.0 * model.Vocabulary * model.Hidden;
        var context = Prompt + Output / 2.0;
        var window = Math.Min(context, a.WindowTokens);
        var kv = sequences * model.KvElementsPerTokenAndLayer * deployment.Kv.BytesPerElement()
            * (a.FullLayers * context + a.WindowLayers * window);
        return (matrices + kv) / deployment.Accelerator.MemoryGbPerSecond / 1e6;
    }

    static double TpotMs(StepTimeModel model, int sequences)
    {
        var load = new ClosedLoad
        {
            Concurrency = sequences,
            PromptTokens = (Prompt, Prompt),
            OutputTokens = (Output, Output),
            Requests = sequences,
        };
        var engine = SimulatedEngine.Of(model, SchedulingPolicy.VllmV1, Prompt + Output);
        // The budget takes every prompt in the first step, so that only decodes are timed.
        var limits = engine.Limits with { NumBlocks = 1 << 20, MaxNumBatchedTokens = sequences * Prompt };
        var result = FleetSimulation.Run(
            new Fleet { Serving = new EnginePool(limits, model) }, load.Open(), closedLoop: true,
            new SimulationOptions { Requests = sequences });
        return result.Latencies.Tpot.MeanNs!.Value / 1e6;
    }

    /// <summary>Every kernel at its roofline.</summary>
    static EfficiencyCurves Ideal(AcceleratorSpec accelerator)
    {
        var curves = EfficiencyCurves.Datasheet(accelerator, "vllm");
        return curves with
        {
            Gemm = Array.ConvertAll(curves.Gemm, c => c with { RatioMille = new int[c.RatioMille.Length] }),
            DecodeAttention = Array.ConvertAll(
                curves.DecodeAttention, c => c with { RatioMille = new int[c.RatioMille.Length] }),
        };
    }
}
