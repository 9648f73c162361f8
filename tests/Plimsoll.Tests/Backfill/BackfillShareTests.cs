using System;
using System.IO;
using System.Linq;
using Plimsoll.Core.Accounts;
using Plimsoll.Core.Promises;
using Plimsoll.Core.Scheduling;
using Plimsoll.Inputs.Workloads;
using Plimsoll.Inputs.Workloads.Traces;
using Plimsoll.Planning.Backfill;
using Plimsoll.Planning.Simulation;
using Plimsoll.Reports;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Backfill;

/// <summary>What is promised to batch work, and how its tenants divide it, in the bill of a week.</summary>
public sealed class BackfillShareTests
{
    /// <summary>
    /// Requests that may wait for long fill the fleet, and leave batch work what it is promised.
    /// </summary>
    [Fact]
    public void A_promised_share_is_on_the_bill()
    {
        var (without, with) = (Bill(0), Bill(0.4));
        with.Week.ShouldAllBe(hour => hour.Batch >= 0.39);
        BackfillWords.Promised(with)!.ShouldStartWith("40 % of each engine's time");
        BackfillWords.Promised(without).ShouldBeNull();
        without.Week.Min(hour => hour.Batch).ShouldBeLessThan(0.35);
        with.Bill.SavedUsdPerWeek.ShouldBeGreaterThan(1.05m * without.Bill.SavedUsdPerWeek);

        static BackfillStatement Bill(double share)
        {
            var request = BackfillTests.Request();
            return Backfills.Of(request with
            {
                Serving = request.Serving with
                {
                    RequestsPerSecond = 34, Levels = [LevelPromise.Parse("default: ttft p95 600s")],
                },
                MinShare = share,
            });
        }
    }

    /// <summary>Both always have lines waiting, so that tokens go by weight.</summary>
    [Fact]
    public void Tokens_of_the_week_go_by_weight()
    {
        var path = Path.GetTempFileName();
        File.WriteAllLines(path, Enumerable.Range(0, 100)
            .Select(i => FormattableString.Invariant($"{i},1000,50,") + (i % 2 == 0 ? "beta" : "acme"))
            .Prepend("at,prompt,answer,who"));
        var lines = WorkloadChoice.Open(path, new TraceOptions
        {
            Map = ColumnMap.Parse("time=at:s,input=prompt,output=answer,tenant=who"),
        });
        File.Delete(path);
        var request = BackfillTests.Request() with
        {
            Batch = lines, TenantWeights = [1, 1, 3],
        };
        var runs = new BackfillRuns(request);
        var week = new BackfillWeek(
            runs.Sweep([6], SchedulingPolicy.InSlack, new BatchGateOptions()), [6]);
        var tenants = BackfillTenants.Of(request, week)!;
        tenants.Select(tenant => (tenant.Name, tenant.Weight)).ShouldBe([("acme", 3), ("beta", 1)]);
        tenants[0].Share.ShouldBe(0.75, 0.05);
        tenants.Sum(tenant => tenant.Share).ShouldBe(1, 1e-9);
        BackfillTenants.Of(BackfillTests.Request(), week).ShouldBeNull();
    }
}
