using System.Linq;
using CsCheck;
using Plimsoll.Core.Promises;
using Plimsoll.Core.Scheduling;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Workloads.Families;
using Plimsoll.Planning.Compare;
using Plimsoll.Planning.Levers;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Levers;

public sealed class LeverTests
{
    /// <summary>Capacity asked for earlier is never less, and never above the busiest hour.</summary>
    [Fact]
    public void The_longer_a_start_the_more_capacity_waits() =>
        Gen.Double[0.1, 3].Array[2, 24].Select(Gen.Double[0, 10], Gen.Double[0, 10]).Sample((hours, a, b) =>
        {
            var (sooner, later) = a < b ? (a, b) : (b, a);
            var (few, more) = (CapacityLevers.Followed(hours, sooner), CapacityLevers.Followed(hours, later));
            var peak = hours.Max() / hours.Average();
            return few <= more + 0.05 && more <= peak + 1e-9 && few >= 1 - 1e-9;
        });

    [Fact]
    public void Every_lever_is_told_with_its_interval_and_the_strongest_in_pairs()
    {
        var card = Catalogue.BuiltIn.FindAccelerator("h100_sxm");
        var book = LeverBooks.Of(new ComparedSide
        {
            Model = Catalogue.BuiltIn.FindModel("Llama-3.1-8B"), Accelerator = card,
            Price = Catalogue.BuiltIn.FindPrice(card, "3.5"),
            Parallelism = new Parallelism(1, 1, 1, 1),
            Engine = new ComparedEngine("vllm", null, SchedulingPolicy.VllmV1),
            Workload = WorkloadFamily.Find("chat"), RequestsPerSecond = 45,
            Levels = [LevelPromise.Of(ServiceLevelSpec.Default, [PromiseText.Parse("ttft p95 500ms")])],
        }, requests: 300, seed: 1)!;
        var names = book.Levers.Select(lever => lever.Name).ToHashSet();
        foreach (var name in new[]
        {
            "quantised weights", "quantised KV", "step budget", "batch limit", "engine's memory",
            "deadline scheduling", "pooling tenants", "older engine", "speculation", "disaggregation 1:2",
            "autoscaling", "spot capacity", "prefix routing", "disaggregation 1:1",
        })
        {
            names.ShouldContain(name);
        }
        names.ShouldContain(name => name.StartsWith("next accelerator, "));
        names.Count.ShouldBe(book.Levers.Count, "each has a name of its own, as pictures need it");
        foreach (var lever in book.Levers.Where(lever => lever.UsdPerMillionTokens is not null))
        {
            if (lever.Low is { } low)
                low.ShouldBeLessThanOrEqualTo(lever.UsdPerMillionTokens!.Value, lever.Name);
            if (lever.High is { } high)
                high.ShouldBeGreaterThanOrEqualTo(lever.UsdPerMillionTokens!.Value, lever.Name);
        }
        book.Levers.Single(lever => lever.Name == "speculation").BreakEven.ShouldNotBeNull();
        book.Overlaps.ShouldNotBeEmpty();
        book.Durability.ShouldContain(worth => worth.CostWithoutOverWith > 1);
    }
}
