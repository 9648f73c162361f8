using System.Linq;
using CsCheck;
using Plimsoll.Core.Costing;
using Plimsoll.Core.Hardware;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Server.Ledger;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Server;

public sealed class ShapleyAuditTests
{
    static readonly StepTimeModel _model = StepTimeCatalogue.ModelOf(new Deployment
    {
        Model = Catalogue.BuiltIn.FindModel("Llama-3.1-8B"),
        Accelerator = Catalogue.BuiltIn.FindAccelerator("h100_sxm"),
        Engine = new EngineSettings { MaxNumSeqs = 256, MaxNumBatchedTokens = 8192 },
    });

    static readonly Gen<StepWork> _decode = Gen.Int[1, 4000].Select(context => new StepWork(0, 1, context));
    static readonly Gen<StepWork> _prompt = Gen.Select(Gen.Int[1, 2000], Gen.Int[0, 2000],
        (tokens, before) => new StepWork(tokens, 0, tokens + before));

    /// <summary>What Shapley values are, whatever is in the step.</summary>
    [Fact]
    public void Values_sum_to_the_step() => Gen.OneOf(_decode, _prompt).Array[1, 12]
        .Sample(works =>
        {
            var values = new ShapleyAudit(_model, orders: 8).Shapley(works);
            var shape = new StepShape();
            foreach (var work in works)
            {
                if (work.PrefillTokens > 0)
                    shape.AddChunk(work.ContextTokens - work.PrefillTokens, work.PrefillTokens, false);
                else
                    shape.AddDecodes(1, work.ContextTokens);
            }
            values.Sum().ShouldBe(_model.PredictNs(shape), 1);
            values.ShouldAllBe(value => value >= 0);
        }, iter: 60);

    [Fact]
    public void Twins_pay_alike()
    {
        var works = Enumerable.Repeat(new StepWork(0, 1, 700), 5).ToArray();
        var values = new ShapleyAudit(_model, orders: 2000).Shapley(works);
        foreach (var value in values)
            value.ShouldBe(values.Average(), 0.1 * values.Average());
    }

    /// <summary>An audit that finds nothing wrong with any split would be none.</summary>
    [Fact]
    public void A_split_by_head_is_found_out()
    {
        var model = _model;
        StepWork[] works = [new(2000, 0, 2000), .. Enumerable.Repeat(new StepWork(0, 1, 500), 30)];
        var shape = new StepShape();
        shape.AddChunk(0, 2000, false);
        shape.AddDecodes(30, 30 * 500);
        long[] requests = [.. Enumerable.Range(1, works.Length).Select(i => (long)i)];
        var fair = new ShapleyAudit(model);
        fair.Add(model.Split(shape), works, requests);
        var flat = new ShapleyAudit(model);
        flat.Add(new StepSplit { FixedNs = 1 }, works, requests);
        var (good, bad) = (fair.Result().MedianError!.Value, flat.Result().MedianError!.Value);
        bad.ShouldBeGreaterThan(3 * good);
    }
}
