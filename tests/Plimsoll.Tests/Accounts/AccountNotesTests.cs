using System;
using Plimsoll.Core.Scheduling;
using Plimsoll.Planning.Accounts;
using Plimsoll.Planning.Search;
using Plimsoll.Planning.Simulation;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Accounts;

public sealed class AccountNotesTests
{
    static AccountOutcome Outcome => AccountLaws.Outcome;

    [Fact]
    public void Notes_say_what_the_figures_rest_on()
    {
        var notes = Outcome.Notes;
        notes.ShouldContain(FormattableString.Invariant(
            $"KV memory: {Outcome.Engine.Memory.Blocks:N0} blocks of 16 tokens per engine rank, ")
            + "computed from memory");
        notes.ShouldContain("price: 2 USD per accelerator-hour, as given, undated");
        notes.ShouldNotContain(n => n.StartsWith("closed loop"));
        notes.ShouldNotContain(n => n.StartsWith("lever "));
        notes.ShouldContain(n => n.StartsWith("levers: each alone against the same bill; speculation"));
        notes.ShouldContain(n => n.StartsWith("step times: tier datasheet (")
            && n.Contains($"within {Outcome.Engine.StepTime.ErrorLow:0.00} to "));
        var dated = Outcome.Request with
        {
            Price = Outcome.Request.Price with { AsOf = "2026-08-21", ProviderType = "index" },
        };
        var chosen = new SizedEngine(Outcome.Engine, new LoadLineResult([1], null, 0), Accelerators: 4);
        AccountNotes.Of(dated, chosen, Outcome.Size).ShouldContain(
            "price: 2 USD per accelerator-hour, index on-demand as of 2026-08-21 (test)");
        var deployment = Outcome.Engine.Deployment;
        var engine = SimulatedEngine.Of(
            deployment with { Engine = deployment.Engine with { NumGpuBlocks = 77_000 } },
            SchedulingPolicy.VllmV1);
        AccountNotes.Of(dated, chosen with { Engine = engine }, Outcome.Size)
            .ShouldContain(n => n.EndsWith("per engine rank, given"));
        notes.ShouldNotContain(n => n.StartsWith("parallelism"));
        var two = SimulatedEngine.Of(
            deployment with { TensorParallel = 2, DataParallel = 1 }, SchedulingPolicy.VllmV1);
        var near = chosen with
        {
            AcceleratorsAtWorst = 5,
            Near =
            [
                chosen with { Engine = two, Accelerators = 3, AcceleratorsAtWorst = 6 },
                chosen with { Engine = two, AcceleratorsAtWorst = double.PositiveInfinity },
            ],
        };
        AccountNotes.Of(dated, near, Outcome.Size).ShouldContain(
            "parallelism: the smallest fleet midway between the prediction and the dear end of its interval "
            + "is that of tp 1 dp 2 with 4 accelerators and 5; near it tp 2 with 3 accelerators and 6; "
            + "tp 2 with 4 accelerators and no promise kept");
    }

    /// <summary>Kernel tables of one card stand together; what is no such table stands as it is.</summary>
    [Theory]
    [InlineData("h100__gemm_perf, h100__attention_perf", "h100: gemm, attention")]
    [InlineData("h100__gemm_perf, h200__gemm_perf, h200__moe_perf", "h100: gemm; h200: gemm, moe")]
    [InlineData("datasheet, datasheet", "datasheet; datasheet")]
    [InlineData("a__gemm_perf, b, a__moe_perf", "a: gemm; b; a: moe")]
    public void Sources_of_one_card_are_named_together(string sources, string named) =>
        ServingNotes.Grouped(sources.Split(", ")).ShouldBe(named);
}
