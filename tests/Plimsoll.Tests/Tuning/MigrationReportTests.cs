using System.Text.Json;
using Plimsoll.Tuning.Evaluation;
using Plimsoll.Tuning.Migration;
using Plimsoll.Tuning.Registry;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Tuning;

/// <summary>The seven points against numbers worked out by hand.</summary>
public sealed class MigrationReportTests
{
    // 100 requests an hour of 1,000 prompt and 100 answer tokens; 2 % of the answers are the current
    // model's alone.
    static readonly MigrationFacts _facts = new(
        "intents", new TrafficFacts("ledger", 2400, 24, 2_400_000, 240_000, 0.25, 24),
        Serving("large", usd: 0.010), Serving("small", usd: 0.002), new PairedProportions(940, 20, 20, 20),
        Margin: 0.02, new OneOffCosts(Labels: 50, Training: 1, Evaluation: 9, Shadow: 0), null,
        PeakOverMean: 2, SpareReplicas: 1, AdapterOverhead: 1, "ttft p95 500ms");

    static ServingFacts Serving(string model, double usd) => new(
        model, "1 x card", usd, 0.9 * usd, 1.1 * usd, LoadLine: 2, Utilisation: 0.5, Replicas: 2,
        UsdPerReplicaHour: 3, 100, 20, "fitted", "$3 an hour, as given");

    [Fact]
    public void Break_even_is_the_one_off_cost_over_what_a_request_saves()
    {
        var report = MigrationReport.Of(_facts, seed: 1);
        // 0.010 - 0.002 - 0.02 x 0.010
        report.Saved.Usd.ShouldBe(0.0078, 1e-9);
        report.BreakEven.Requests!.Value.ShouldBe(60 / 0.0078, 1e-6);
        report.BreakEven.Days!.Value.ShouldBe(60 / 0.0078 / 100 / 24, 1e-6);
        report.BreakEven.Low!.Value.ShouldBeInRange(60 / 0.0092, 60 / 0.0078);
        report.BreakEven.High!.Value.ShouldBeInRange(60 / 0.0078, 60 / 0.0064);
        report.Difference.Point.ShouldBe(0);
    }

    [Fact]
    public void What_has_no_upper_end_never_pays_at_that_end()
    {
        var report = MigrationReport.Of(
            _facts with { Candidate = _facts.Candidate with { UsdHigh = null } }, seed: 1);
        report.BreakEven.High.ShouldBeNull();
        report.Saved.Low.ShouldBeNull();
        report.BreakEven.Requests.ShouldNotBeNull();
        // And all of it can be written: JSON has no infinity.
        JsonSerializer.Serialize(report, CanonicalJson.Options).ShouldContain("\"break_even\"");
    }

    [Fact]
    public void A_dearer_candidate_never_pays()
    {
        var report = MigrationReport.Of(
            _facts with { Candidate = _facts.Candidate with { Usd = 0.02, UsdLow = 0.018, UsdHigh = 0.022 } },
            seed: 1);
        report.BreakEven.ShouldBe(new BreakEven(null, null, null, 100));
        report.Cascade.Saves.ShouldBeFalse();
    }

    [Fact]
    public void A_shared_endpoint_is_cheaper_until_the_smallest_fleet_is_used_enough()
    {
        var report = MigrationReport.Of(
            _facts with { SharedApi = new SharedApiPrice(1, 5, "as given") }, seed: 1);
        // 1,000 x 1 + 100 x 5 millionths a request. One replica and its spare would need 4,000 an hour and
        // carry 3,600 of this shape; two and their spare need 6,000 and carry 7,200.
        report.SharedApi!.UsdPerRequest.ShouldBe(0.0015, 1e-12);
        report.SharedApi.BelowRequestsPerHour!.Value.ShouldBe(6000, 1e-6);
        report.Warnings.ShouldHaveSingleItem().ShouldContain("shared endpoint is cheaper");
        report.SharedApi.IsCheaperAt(6001).ShouldBeFalse();
        MigrationReport.Of(_facts with { SharedApi = new SharedApiPrice(0.1, 0.1, "as given") }, seed: 1)
            .SharedApi!.BelowRequestsPerHour.ShouldBeNull();
    }

    [Fact]
    public void The_cascade_keeps_just_enough_and_the_base_carries_what_its_load_line_says()
    {
        var worse = _facts with { Pairs = new PairedProportions(900, 10, 70, 20) };
        var report = MigrationReport.Of(worse, seed: 1);
        var share = report.Cascade.FallbackShare;
        ((1 - share) * report.Difference.Low).ShouldBe(-0.02, 1e-9);
        report.Cascade.UsdPerRequest.ShouldBe(share * 0.010 + (1 - share) * 0.002, 1e-12);
        // 2 a second over 100 x 2 an hour; two replicas at $3 over 36 tasks.
        report.Consolidation.Adapters.ShouldBe(36);
        report.Consolidation.UsdPerRequestShared!.Value.ShouldBe(6.0 / 3600, 1e-12);
    }
}
