using System;
using System.Collections.Generic;
using CsCheck;
using Plimsoll.Core.Costing;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Tests.Simulation;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Costing;

/// <summary>
/// Who pays for a step: the fixed part by heads, the rest by cause, cached input for being read.
/// </summary>
public sealed class StepCausesLaws
{
    static readonly StepTimeModel Model = new(
        TestDeployments.Small, EfficiencyCurves.Datasheet(TestDeployments.Small.Accelerator, "vllm"),
        EngineCatalogue.Of(TestDeployments.Small.Engine));

    readonly record struct Chunk(int Start, int Cached, int Tokens);

    static readonly Gen<Chunk> AnyChunk =
        from start in Gen.Int[0, 3000]
        from cached in Gen.Int[0, 4000]
        from tokens in Gen.Int[1, 2000]
        select new Chunk(start, cached, tokens);

    [Fact]
    public void Shares_sum_to_the_step_and_none_is_negative() =>
        Gen.Select(AnyChunk.Array[0, 5], Gen.Int[0, 200], Gen.Int[1, 3000])
        .Sample((chunks, decodes, context) =>
        {
            if (chunks.Length + decodes == 0)
                return;
            var (shape, listed) = Step(chunks, decodes, context);
            var causes = StepCauses.Of(Model, shape, listed);

            (causes.InputNs + causes.CachedInputNs + causes.OutputNs).ShouldBe(Model.Split(shape).TotalNs);
            Math.Min(causes.InputNs, Math.Min(causes.CachedInputNs, causes.OutputNs))
                .ShouldBeGreaterThanOrEqualTo(0);
        });

    [Fact]
    public void Input_and_output_pay_for_their_own_steps()
    {
        var (prompt, chunks) = Step([new Chunk(0, 0, 1000)], 0, 0);
        StepCauses.Of(Model, prompt, chunks).ShouldBe(new TimeByCause(Model.Split(prompt).TotalNs, 0, 0));

        var (decoding, none) = Step([], 50, 700);
        StepCauses.Of(Model, decoding, none).ShouldBe(new TimeByCause(0, 0, Model.Split(decoding).TotalNs));
    }

    [Fact]
    public void What_a_step_costs_anyway_is_shared_by_heads()
    {
        var (shape, chunks) = Step([new Chunk(0, 0, 512)], decodes: 3, context: 800);
        var split = Model.Split(shape);

        var causes = StepCauses.Of(Model, shape, chunks);

        causes.InputNs.ShouldBe(split.FixedNs / 4 + split.PrefillTokensNs + split.PrefillNewContextNs);
        causes.OutputNs.ShouldBe(split.TotalNs - causes.InputNs);
    }

    [Fact]
    public void Time_by_cause_adds_up_and_multiplies_cause_by_cause()
    {
        (new TimeByCause(1, 20, 300) + new TimeByCause(5, 60, 700)).ShouldBe(new TimeByCause(6, 80, 1000));
        (new TimeByCause(1, 20, 300) * 7).ShouldBe(new TimeByCause(7, 140, 2100));
    }

    [Fact]
    public void Cached_input_pays_for_the_share_of_the_reading_that_reads_it()
    {
        // 100 new tokens behind 3,000, of which the cache gave 1,000: a third of what they read of the past.
        var (shape, chunks) = Step([new Chunk(3000, 1000, 100)], 0, 0);
        var past = Model.Split(shape).PrefillCachedContextNs;
        past.ShouldBeGreaterThan(1000);

        StepCauses.Of(Model, shape, chunks).CachedInputNs.ShouldBeInRange(past / 3 - 1, past / 3 + 1);

        var (again, computed) = Step([new Chunk(3000, 0, 100)], 0, 0);
        StepCauses.Of(Model, again, computed).CachedInputNs.ShouldBe(0);
        var (found, all) = Step([new Chunk(3000, 3000, 100)], 0, 0);
        StepCauses.Of(Model, found, all).CachedInputNs.ShouldBeInRange(past - 1, past);
    }

    static (StepShape Shape, PrefillChunk[] Chunks) Step(Chunk[] chunks, int decodes, int context)
    {
        var shape = new StepShape();
        shape.AddDecodes(decodes, (long)decodes * context);
        var listed = new List<PrefillChunk>();
        foreach (var chunk in chunks)
        {
            shape.AddChunk(chunk.Start, chunk.Tokens, endsPrompt: true);
            listed.Add(new PrefillChunk(default, chunk.Start, chunk.Tokens, chunk.Cached, true, -1, 0));
        }
        return (shape, [.. listed]);
    }
}
