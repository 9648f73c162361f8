using Plimsoll.Core.Hardware;
using Plimsoll.Core.Models;
using Plimsoll.Core.Scheduling;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Workloads.Families;
using Plimsoll.Planning.Simulation;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Tiers;

public sealed class KvTierTests
{
    [Fact]
    public void Idle_sessions_come_back_to_what_the_host_kept()
    {
        var without = Run("none");
        var host = Run("host");
        without.KvTiers.ShouldBeNull();
        var tier = host.KvTiers!.ShouldHaveSingleItem();
        tier.HitTokens.ShouldBeGreaterThan(0);
        tier.TransferS.ShouldBeGreaterThan(0);
        host.PrefixHitRate!.Value.ShouldBeGreaterThan(without.PrefixHitRate!.Value + 0.05);
        host.Latencies.Ttft.MeanNs!.Value.ShouldBeLessThan(without.Latencies.Ttft.MeanNs!.Value);
        host.Completed.ShouldBe(without.Completed);
    }

    [Fact]
    public void What_is_slower_to_fetch_than_to_compute_is_computed()
    {
        var tier = Run("host=200@0.001").KvTiers!.ShouldHaveSingleItem();
        tier.HitTokens.ShouldBe(0);
        tier.PassedTokens.ShouldBeGreaterThan(0);
    }

    static SimulationResult Run(string tiers)
    {
        var card = Catalogue.BuiltIn.FindAccelerator("h100_sxm");
        var engine = SimulatedEngine.Of(new Deployment
        {
            Model = Catalogue.BuiltIn.FindModel("Llama-3.3-70B"), Accelerator = card, TensorParallel = 4,
            Weights = NumberFormat.Fp8,
            Engine = EngineCatalogue.ServerDefaults(card) with { KvTiers = KvTierChoice.Of(tiers, card) },
        }, SchedulingPolicy.VllmV1, 100_000);
        return engine.Run(
            WorkloadFamily.Find("agentic-coding"), 0.6, new SimulationOptions { Requests = 600 });
    }
}
