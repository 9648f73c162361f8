using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Models;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Catalogues;

namespace Plimsoll.Planning.Validation;

/// <summary>One pair of steps that a law speaks of.</summary>
/// <param name="Law">Which.</param>
/// <param name="Cards">On what.</param>
/// <param name="What">The pair.</param>
/// <param name="Ratio">What should be faster over the other, in time; of degrees the gain.</param>
/// <param name="Most">The highest ratio that keeps the law.</param>
/// <param name="Why">The term that makes most of the difference.</param>
public sealed record CatalogueCheck(
    string Law, string Cards, string What, double Ratio, double Most, string Why)
{
    public bool Holds => Ratio <= Most;
}

/// <summary>
/// What anybody expects of accelerators, tried over the whole catalogue on measured kernels: a newer card of
/// a line is not slower, FP8 is not slower than BF16, twice the tensor ranks are not more than 2.5 times as
/// fast. Measurements are what they are: where one departs, the exception is listed and not smoothed away.
/// </summary>
public static class CatalogueLaws
{
    public const string Newer = "a newer card is never slower";
    public const string Narrower = "FP8 is never slower than BF16";
    public const string Doubled = "twice the tensor ranks are never over 2.5 times as fast";

    /// <summary>Noise of kernel tables.</summary>
    const double Noise = 1.03;

    static readonly (string Older, string Newer)[] Lines =
    [
        ("a100_sxm", "h100_sxm"), ("h100_sxm", "h200_sxm"), ("h200_sxm", "b200_sxm"),
        ("b200_sxm", "b300_sxm"), ("b200_sxm", "gb200"), ("gb200", "gb300"),
    ];

    static readonly string[] Narrow =
        ["h100_sxm", "h200_sxm", "b200_sxm", "b300_sxm", "gb200", "gb300", "l40s"];

    public static IReadOnlyList<CatalogueCheck> All()
    {
        var models = Catalogue.BuiltIn.Models.Where(m => !m.Pools && m.Parameters > 1_000_000_000).ToList();
        var checks = new ConcurrentBag<CatalogueCheck>();
        Parallel.ForEach(models, model =>
        {
            foreach (var check in Of(model))
                checks.Add(check);
        });
        return
        [
            .. checks.OrderBy(c => c.Law, StringComparer.Ordinal)
                .ThenBy(c => c.What, StringComparer.Ordinal),
        ];
    }

    static IEnumerable<CatalogueCheck> Of(ModelSpec model)
    {
        const int Ranks = 8;
        if (model.Attention.Heads % Ranks != 0)
            yield break;
        foreach (var (older, newer) in Lines)
        {
            foreach (var weights in new[] { NumberFormat.Bf16, NumberFormat.Fp8 })
            {
                foreach (var check in Pair(
                    Newer, Noise, Step(model, newer, Ranks, weights), Step(model, older, Ranks, weights),
                    $"{newer} over {older}", $"{model.Name} {weights.Name()} on {newer} against {older}"))
                {
                    yield return check;
                }
            }
        }
        foreach (var card in Narrow)
        {
            foreach (var check in Pair(
                Narrower, Noise, Step(model, card, Ranks, NumberFormat.Fp8),
                Step(model, card, Ranks, NumberFormat.Bf16), card,
                $"{model.Name} fp8 against bf16 on {card}"))
            {
                yield return check;
            }
            foreach (var check in Pair(
                Doubled, 2.5, Step(model, card, Ranks / 2, NumberFormat.Bf16),
                Step(model, card, Ranks, NumberFormat.Bf16), card,
                $"{model.Name} bf16 on {card}, tp 4 against 8"))
            {
                yield return check;
            }
        }
    }

    static StepTimeModel Step(ModelSpec model, string card, int ranks, NumberFormat weights) =>
        StepTimeCatalogue.ModelOf(new Deployment
        {
            Model = model, Accelerator = Catalogue.BuiltIn.FindAccelerator(card), TensorParallel = ranks,
            Weights = weights, Engine = new EngineSettings { MaxNumSeqs = 1024 },
        });

    static IEnumerable<CatalogueCheck> Pair(
        string law, double most, StepTimeModel faster, StepTimeModel slower, string cards, string what)
    {
        foreach (var (name, shape) in Shapes())
        {
            var (fast, slow) = (faster.Explain(shape), slower.Explain(shape));
            yield return new CatalogueCheck(
                law, cards, $"{what}, {name}", (double)fast.TotalNs / slow.TotalNs, most, Why(fast, slow));
        }
    }

    static IEnumerable<(string, StepShape)> Shapes()
    {
        foreach (var decodes in new[] { 1, 32, 256 })
        {
            var shape = new StepShape();
            shape.AddDecodes(decodes, decodes * 1024L);
            yield return ($"{decodes} decodes", shape);
        }
        var prompt = new StepShape();
        prompt.AddChunk(0, 4096, endsPrompt: true);
        yield return ("a prompt of 4096", prompt);
    }

    /// <summary>The term that is slower by most.</summary>
    static string Why(StepTimeBreakdown fast, StepTimeBreakdown slow) => new[]
    {
        ("products", fast.DenseNs - slow.DenseNs), ("experts", fast.ExpertsNs - slow.ExpertsNs),
        ("elementwise", fast.ElementwiseNs - slow.ElementwiseNs),
        ("communication", fast.CommunicationNs - slow.CommunicationNs),
        ("prefill attention", fast.PrefillAttentionNs - slow.PrefillAttentionNs),
        ("decode attention", fast.DecodeAttentionNs - slow.DecodeAttentionNs),
        ("logits", fast.LmHeadNs - slow.LmHeadNs), ("host", fast.HostNs - slow.HostNs),
    }.MaxBy(term => term.Item2) is var (name, ns)
        ? FormattableString.Invariant($"{name} +{ns / 1000:#,0} µs") : "";
}
