using System;
using System.Collections.Generic;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Models;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Catalogues;

namespace Plimsoll.Plan.Figures;

/// <summary>
/// Published throughputs of mixtures over many nodes beside the step-time model's, and DeepSeek's published
/// day. Nothing in the model is fitted to them; H800 is taken for H100, whose kernels it runs.
/// </summary>
static class WideExpertFigure
{
    sealed record Check(
        string System, string Pool, string Card, string Model, NumberFormat Weights, int Ranks, int Each,
        int Context, double Tokens, double Measured, bool PerNode, bool Overlap = true, int Redundant = 32,
        int Drafts = 0);

    static readonly Check[] Checks =
    [
        new("DeepSeek profile, H800", "prefill", "h100", "DeepSeek-V3", NumberFormat.Fp8, 32, 4, 4096, 1,
            62_713, true),
        new("DeepSeek profile, H800", "decode", "h100", "DeepSeek-V3", NumberFormat.Fp8, 128, 128, 4096, 1,
            18_598, true),
        new("SGLang, 96 H100", "prefill", "h100", "DeepSeek-V3", NumberFormat.Fp8, 32, 16, 1024, 1, 57_674,
            true),
        new("SGLang, 96 H100", "prefill", "h100", "DeepSeek-V3", NumberFormat.Fp8, 32, 8, 2048, 1, 54_543,
            true),
        new("SGLang, 96 H100", "prefill", "h100", "DeepSeek-V3", NumberFormat.Fp8, 32, 4, 4096, 1, 50_302,
            true),
        new("SGLang, 96 H100", "decode", "h100", "DeepSeek-V3", NumberFormat.Fp8, 72, 256, 2000, 1, 22_282,
            true),
        new("SGLang, 96 H100, MTP", "decode", "h100", "DeepSeek-V3", NumberFormat.Fp8, 72, 128, 4000, 1.7,
            17_373, true, Drafts: 1),
        new("SGLang, GB200", "decode", "gb200", "DeepSeek-V3", NumberFormat.Fp8, 48, 1408, 2048, 1, 13_386,
            false),
        new("SGLang, GB200", "prefill", "gb200", "DeepSeek-V3", NumberFormat.Fp8, 4, 8, 2048, 1, 26_156,
            false),
        new("Kimi-K2, H200", "prefill", "h200", "Kimi-K2", NumberFormat.Fp8, 32, 8, 2000, 1, 56_000, true),
        new("Kimi-K2, H200", "decode", "h200", "Kimi-K2", NumberFormat.Fp8, 96, 480, 2050, 1, 24_000, true),
        new("vLLM, H200", "decode", "h200", "DeepSeek-V3", NumberFormat.Fp8, 64, 256, 3072, 1, 2_100, false),
        new("vLLM, GB200, NVFP4", "prefill", "gb200", "DeepSeek-V3", NumberFormat.Fp4, 2, 8, 2048, 1, 26_214,
            false, Redundant: 0),
        new("vLLM, GB200, NVFP4", "decode", "gb200", "DeepSeek-V3", NumberFormat.Fp4, 8, 512, 3072, 1, 10_108,
            false, Redundant: 0),
    ];

    public static int Run()
    {
        var errors = new List<double>();
        Console.WriteLine(
            $"{"system",-26}{"pool",-9}{"EP",4}{"each",6}{"KV",6}{"measured",10}{"predicted",10}  ratio");
        foreach (var check in Checks)
        {
            var predicted = Predict(check);
            var ratio = predicted / check.Measured;
            errors.Add(Math.Abs(ratio - 1));
            Console.WriteLine(FormattableString.Invariant(
                $"{check.System,-26}{check.Pool,-9}{check.Ranks,4}{check.Each,6}{check.Context,6}")
                + FormattableString.Invariant($"{check.Measured,10:#,0}{predicted,10:#,0}  {ratio:0.00}"));
        }
        errors.Sort();
        Console.WriteLine(FormattableString.Invariant(
            $"median error {100 * errors[errors.Count / 2]:0} %, worst {100 * errors[^1]:0} % ")
            + "(promised: median 20, none over 35)");
        Day();
        return errors[errors.Count / 2] <= 0.20 && errors[^1] <= 0.35 ? 0 : 1;
    }

    /// <summary>
    /// 608 thousand million input tokens, 342 of them from disk, and 168 of output in a day, at $2 an hour of
    /// a card: the nodes that full load would take.
    /// </summary>
    static void Day()
    {
        const double Input = 608e9, Hits = 342e9, Output = 168e9, Seconds = 86_400;
        var prefill = Predict(Checks[0] with { Overlap = true });
        var decode = Predict(Checks[1] with { Ranks = 144, Each = 88, Context = 4989 });
        var nodes = ((Input - Hits) / Seconds / prefill) + (Output / Seconds / decode);
        var usd = nodes * 8 * 2 * 24 / ((Input + Output) / 1e6);
        Console.WriteLine(FormattableString.Invariant(
            $"\nDeepSeek's day at full load: {nodes:0} nodes, ${usd:0.000} a million tokens ")
            + "(published nodes 227, $0.112; promised full load 0.07 to 0.10)");
        Console.WriteLine(FormattableString.Invariant(
            $"in production, prefill at 0.51 and decode at 0.80 of full load: ")
            + FormattableString.Invariant($"${Production(prefill, decode):0.000} (promised 0.095 to 0.13)"));

        double Production(double p, double d) => (((Input - Hits) / Seconds / (p * 0.51))
            + (Output / Seconds / (d * 0.80))) * 8 * 2 * 24 / ((Input + Output) / 1e6);
    }

    static double Predict(Check check)
    {
        var model = StepTimeCatalogue.ModelOf(new Deployment
        {
            Model = Catalogue.BuiltIn.FindModel(check.Model),
            Accelerator = Catalogue.BuiltIn.FindAccelerator(check.Card),
            TensorParallel = 1, DataParallel = check.Ranks, ExpertParallel = check.Ranks,
            Weights = check.Weights, Kv = NumberFormat.Bf16,
            Engine = new EngineSettings
            {
                MaxNumSeqs = 2048, MaxNumBatchedTokens = 16_384, TwoBatchOverlap = check.Overlap,
                RedundantExperts = check.Redundant,
                Speculation = check.Drafts > 0 ? new SpeculationSpec(check.Drafts, check.Tokens) : null,
            },
        });
        var shape = new StepShape();
        if (check.Pool == "prefill")
        {
            for (var i = 0; i < check.Each; i++)
                shape.AddChunk(0, check.Context, endsPrompt: true);
        }
        else
        {
            shape.AddDecodes(check.Each, (long)check.Each * check.Context);
        }
        if (Environment.GetEnvironmentVariable("TERMS") is not null)
            Console.WriteLine($"{check.System} {check.Pool} {model.Explain(shape)}");
        // With drafts a predicted step already is a token's share of a real one.
        double tokens = check.Pool == "prefill" ? check.Each * check.Context : check.Each;
        return tokens * 1e9 / model.PredictNs(shape) * (check.PerNode ? 8 : 1);
    }
}
