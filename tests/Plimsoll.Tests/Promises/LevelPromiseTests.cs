using Plimsoll.Core;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Promises;
using Plimsoll.Core.Scheduling;
using Plimsoll.Inputs.Choices;
using Plimsoll.Inputs.Workloads.Families;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Promises;

/// <summary>Levels of service as people write them.</summary>
public sealed class LevelPromiseTests
{
    [Fact]
    public void A_level_is_read()
    {
        var gold = LevelPromise.Parse("gold: ttft p95 300ms, itl p99 60ms, reject, priority -2");
        gold.Limits.Count.ShouldBe(2);
        (gold.Spec.TtftNs, gold.Spec.ItlNs).ShouldBe((300_000_000, 60_000_000));
        (gold.Spec.Overload, gold.Spec.Priority).ShouldBe((Overload.Reject, -2));
        var nightly = LevelPromise.Parse("nightly: batch, weight 3, share 0.25, e2e p95 24h");
        nightly.Spec.Class.ShouldBe(ServiceClass.Batch);
        (nightly.Spec.Weight, nightly.Spec.MinShare).ShouldBe((3, 0.25));
        LevelPromise.Parse("gold: ttft p95 1s, queue").Spec.Overload.ShouldBe(Overload.Queue);
    }

    [Theory]
    [InlineData("gold: reject, relegate", "\"relegate\" is said beside another of its kind")]
    [InlineData("gold: queue, reject", "\"reject\" is said beside another of its kind")]
    [InlineData("gold: ttft p95 1s, weight 3", "a weight is of batch work only")]
    [InlineData("gold: priority 1, priority 2", "\"priority 2\" is said beside another")]
    [InlineData("gold: batch, batch", "\"batch\" is said beside another")]
    [InlineData("gold: batch, reject", "batch work is not turned away")]
    [InlineData("gold: batch, relegate", "batch work is batch already")]
    [InlineData("gold: batch, ttft p95 1s", "the whole answer only")]
    [InlineData("gold: ttft p95 1s, share 0.2", "to batch work only")]
    public void Words_that_contradict_each_other_are_refused(string text, string problem) =>
        Should.Throw<BadInputException>(() => LevelPromise.Parse(text)).Message.ShouldContain(problem);

    [Fact]
    public void A_level_is_said_once() =>
        Should.Throw<BadInputException>(() => Serving.LevelsOf(
            WorkloadFamily.Find("chat"), [new Limit(Metric.Ttft, 95, 500_000_000)],
            [LevelPromise.Parse("default: ttft p95 1s"), LevelPromise.Parse("Default: ttft p95 2s")]))
            .Message.ShouldContain("said twice");
}
