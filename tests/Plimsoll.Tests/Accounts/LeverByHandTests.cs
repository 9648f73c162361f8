using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Core.Accounts;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Promises;
using Plimsoll.Core.Scheduling;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Workloads.Families;
using Plimsoll.Planning.Accounts;
using Plimsoll.Planning.Search;
using Plimsoll.Tests.Simulation;
using Shouldly;
using Xunit;
using static Plimsoll.Tests.Accounts.AccountLaws;

namespace Plimsoll.Tests.Accounts;

/// <summary>Levers beside an account that is given by hand, on a card that has no narrower format.</summary>
public sealed class LeverByHandTests
{
    static readonly Limit[] Limits = [new(Metric.Ttft, 90, 1), new(Metric.Tpot, 95, 30_000_000)];

    /// <summary>The small account's traffic under a promise that no draw of its engine keeps.</summary>
    static readonly AccountRequest Asked = Outcome.Request with
    {
        Serving = Outcome.Request.Serving with
        {
            Requests = 800,
            Deployment = Outcome.Request.Serving.Deployment with
            {
                Accelerator = TestDeployments.Small.Accelerator,
            },
            Levels = [LevelPromise.Of(ServiceLevelSpec.Default, Limits)],
        },
    };

    static readonly Lazy<DrawnLines> NoDraw = new(() => DrawnLines.Of(
        new SizedEngine(Outcome.Engine, new LoadLineResult([5], null, 0), 4)
        {
            Full = SaturatedThroughput.Find(Outcome.Engine, Asked.Serving),
        },
        Asked.Serving));

    [Fact]
    public void A_change_has_no_low_end_where_draws_have_no_fleet_to_change()
    {
        var (credits, failures) = All(Asked, Interactive);
        failures.ShouldBeEmpty();
        credits.Select(c => c.Name).ShouldBe(["batch backfill", "autoscaling"]);
        foreach (var credit in credits)
        {
            credit.UsdPerMillionTokens.ShouldBeLessThan(0);
            credit.Interval.ShouldBe(new CreditInterval(null, credit.UsdPerMillionTokens));
        }
    }

    [Fact]
    public void A_ratio_has_no_high_end_where_draws_have_no_fleet_and_no_part_of_it_either()
    {
        var ratio = new Ratio(Asked, Outcome.Engine).Of(new LoadLineResult([2, 4], null, 0), 8, NoDraw.Value);
        ratio.Value.ShouldBe((Math.Ceiling(Rate * Peak / 6) + Spare) / Math.Ceiling(Rate / 16), 1e-9);
        ratio.WithoutRounding.ShouldBe(Peak * 8 / 3, 1e-9);
        (ratio.Low, ratio.High).ShouldBe((ratio.Value, null));
        (ratio.TtftAlone, ratio.TpotAlone).ShouldBe((null, null));
    }

    [Fact]
    public void Where_demand_is_flat_there_is_nothing_to_follow()
    {
        var flat = new WorkloadFamily(Chat.Spec with { Envelope = "flat", Hourly = null });
        var asked = Asked with { Serving = Asked.Serving with { Workload = flat } };
        // A fleet of just what the traffic and the spares take; one replica more is one to save.
        var needed = (int)Math.Ceiling(Rate / 5) + Spare;
        All(asked, Sized(needed)).Credits.ShouldNotContain(c => c.Name == "autoscaling");
        var credit = All(asked, Sized(needed + 1)).Credits.Single(c => c.Name == "autoscaling");
        ((double)credit.UsdPerMillionTokens).ShouldBe(
            (double)Interactive.Cost.UsdPerMillionTokens * ((needed / (needed + 1.0)) - 1), 1e-9);

        static ClassAccount Sized(int replicas) => Interactive with
        {
            Fleet = new FleetStatement(replicas, replicas * Accelerators, 1),
            LoadLine = new LoadLine(5, null, "throughput"),
        };
    }

    [Fact]
    public void A_fleet_that_is_never_idle_has_no_room_for_batch_work()
    {
        var busy = Batch with { LoadLine = new LoadLine(0.01, null, "throughput") };
        All(Asked, Interactive, busy).Credits.Single(c => c.Name == "batch backfill")
            .UsdPerMillionTokens.ShouldBe(0);
    }

    /// <summary>A model of four times the small one's parameters is worth replacing, none below.</summary>
    [Theory]
    [InlineData(0, true)]
    [InlineData(-1, false)]
    public void A_lever_that_fails_is_named_and_the_others_stand(int parameters, bool tried)
    {
        var small = Catalogue.BuiltIn.FindModel(Planning.Accounts.Levers.SmallModel);
        var choice = Asked.Serving.Deployment;
        var asked = Asked with
        {
            Serving = Asked.Serving with
            {
                Deployment = choice with
                {
                    Model = choice.Model with { Parameters = (4 * small.Parameters) + parameters },
                },
            },
        };
        var (credits, failures) = All(
            asked, Interactive, progress: _ => throw new InvalidOperationException("stopped"));
        credits.Count.ShouldBe(2);
        failures.Count.ShouldBe(tried ? 1 : 0);
        foreach (var failure in failures)
            failure.ShouldStartWith("lever smaller model: no figure; ");
    }

    /// <summary>$420 a week of a fleet at $10 an hour is a quarter of $1680.</summary>
    [Fact]
    public void Batch_work_that_was_simulated_is_worth_its_part_of_the_fleets_week()
    {
        var fleet = Interactive with { Fleet = Interactive.Fleet with { UsdPerHour = 10 } };
        var credit = All(Asked, fleet, backfill: Saved(420)).Credits.Single(c => c.Name == "batch backfill");
        credit.UsdPerMillionTokens.ShouldBe(-Interactive.Cost.UsdPerMillionTokens / 4, 1e-9m);
        credit.Explanation.ShouldBe("simulated: lines in the slack, worth 25 % of the fleet's bill in a "
            + "fleet of its own; 50 % of the hours");
    }

    static (IReadOnlyList<Credit> Credits, IReadOnlyList<string> Failures) All(
        AccountRequest asked, ClassAccount interactive, ClassAccount? batch = null,
        BackfillStatement? backfill = null, Action<double>? progress = null) =>
        new Planning.Accounts.Levers(
            asked, Outcome.Engine, DrawnFigureTests.Basis(Accelerators), interactive, batch ?? Batch,
            backfill, NoDraw.Value, new RunProgress(progress, 1)).All();

    internal static BackfillStatement Saved(decimal usdPerWeek) => new()
    {
        Workload = "lines", WindowHours = 24, LinesPerWindow = 1, BusiestHour = [], Week = [],
        Policies = [new BackfillPolicy("slack", 0.5, 1, 1, 1)],
        Bill = new BackfillBill
        {
            SavedUsdPerWeek = usdPerWeek, SavedLow = 0, SavedHigh = 0, SavedWholeReplicasUsdPerWeek = 0,
            InteractiveAlone = 1, Rules = [],
        },
        Loss = new BackfillLoss(1, 1, 1, 1, 0, null), PriceOfPromise = [], PriceOfPromiseNote = null,
        TokensPerHourAndMs = null, TokensPerHourAndMsLow = null, TokensPerHourAndMsHigh = null,
        OpportunityUsdPerMillionTokens = null, OpportunityLow = null, OpportunityHigh = null,
    };
}
