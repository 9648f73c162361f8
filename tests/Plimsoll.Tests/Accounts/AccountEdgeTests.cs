using System;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.RegularExpressions;
using Plimsoll.Core.Measures;
using Plimsoll.Core.Promises;
using Plimsoll.Core.Scheduling;
using Plimsoll.Core.Timing;
using Plimsoll.Inputs.Catalogues;
using Plimsoll.Inputs.Choices;
using Plimsoll.Inputs.Workloads;
using Plimsoll.Planning.Accounts;
using Plimsoll.Planning.Search;
using Plimsoll.Planning.Simulation;
using Shouldly;
using Xunit;
using static Plimsoll.Tests.Accounts.AccountLaws;

namespace Plimsoll.Tests.Accounts;

/// <summary>Accounts of traffic that does not fit, and of sessions that take turns.</summary>
public sealed class AccountEdgeTests
{
    [Fact]
    public void Requests_that_no_memory_holds_are_said_as_a_share()
    {
        var broken = Account(deployment => deployment with
        {
            Engine = deployment.Engine with { NumGpuBlocks = 60 },
        });
        broken.Result.ShouldBeNull();
        broken.Missed.ShouldBeNull();
        var said = Regex.Match(broken.Broken!, "^the promise cannot be kept: ([0-9.]+) % of the requests of "
            + "chat do not fit the 960 tokens of KV memory of a replica of 2 × round$");
        said.Success.ShouldBeTrue(broken.Broken);
        var share = double.Parse(said.Groups[1].Value, CultureInfo.InvariantCulture);
        share.ShouldBe(100 * TooLong(960), 10);
    }

    [Fact]
    public void A_context_that_is_shorter_than_the_memory_is_named_instead()
    {
        var broken = Account(deployment => deployment with
        {
            Model = deployment.Model with { MaxContext = 960 },
        });
        broken.Broken!.ShouldEndWith(
            $"do not fit the 960 tokens of context of {broken.Engine.Deployment.Model.Name}");
    }

    static AccountOutcome Account(Func<DeploymentChoice, DeploymentChoice> change)
    {
        var asked = Request(WindowNs);
        return Accountant.Account(asked with
        {
            Serving = asked.Serving with
            {
                Requests = 400,
                Deployment = change(asked.Serving.Deployment),
            },
        });
    }

    /// <summary>Share of the workload's requests that are longer than so many tokens.</summary>
    static double TooLong(int tokens)
    {
        var arrivals = Chat.Open(1, 4000, 7, ArrivalProcess.AtOnce);
        var longer = 0;
        for (var i = 0; i < 4000; i++)
        {
            arrivals.Take(out var arrival);
            longer += arrival.PromptTokens + arrival.OutputTokens > tokens ? 1 : 0;
        }
        return longer / 4000.0;
    }

    /// <summary>
    /// Turns of 1024 to 4096 tokens, each found but for its last 1024 in the prefix cache: the floor is of
    /// all turns, and what is cached costs it nothing.
    /// </summary>
    [Fact]
    public void The_floor_of_sessions_is_of_every_turn_and_of_what_is_not_cached()
    {
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, Sessions());
            var asked = Request(WindowNs);
            var deployment = asked.Serving.Deployment;
            var outcome = Accountant.Account(asked with
            {
                Serving = asked.Serving with
                {
                    Workload = WorkloadChoice.Open(path), RequestsPerSecond = 4, Requests = 400,
                    Deployment = deployment with
                    {
                        Engine = deployment.Engine with { MaxNumSeqs = 16 },
                    },
                    Levels = [LevelPromise.Of(
                        ServiceLevelSpec.Default, [new Limit(Metric.Ttft, 90, 2_000_000_000)])],
                },
            });
            outcome.Notes.ShouldContain(n => n.StartsWith("closed loop: throughput is that of sessions"));
            var hitRate = outcome.BatchRun!.PrefixHitRate!.Value;
            hitRate.ShouldBeInRange(0.5, 0.65);
            var batch = outcome.Result!.Classes[1];
            var floor = (double)batch.Waterfall[0].UsdPerMillionTokens;
            var floorNs = new[] { 1, 2, 3, 4 }.Average(turn => ModelLimits.FloorNsPerRequest(
                outcome.Engine.Deployment, 1024 * turn, (long)(hitRate * 1024 * turn), 5));
            var tokens = (1024 * 2.5) + 5;
            var usd = (double)UsdPerHour * Accelerators / 3600 * floorNs / 1e9 / tokens * 1e6;
            floor.ShouldBe(usd, 0.05 * usd);
        }
        finally
        {
            File.Delete(path);
        }
    }

    static string Sessions()
    {
        var text = new StringBuilder();
        for (var session = 0; session < 40; session++)
        {
            for (var turn = 1; turn <= 4; turn++)
            {
                var blocks = string.Join(',', Enumerable.Range(session * 1000, 2 * turn));
                text.Append($"{{\"session_id\": \"s{session}\", \"timestamp\": {session}, \"delay\": 1000, ")
                    .Append($"\"input_length\": {1024 * turn}, \"output_length\": 5, ")
                    .Append($"\"hash_ids\": [{blocks}]}}\n");
            }
        }
        return text.ToString();
    }

    [Fact]
    public void Notes_say_how_intervals_and_prices_of_tokens_are_meant_and_what_the_step_times_rest_on()
    {
        Outcome.Notes.ShouldContain(n => n.StartsWith("intervals: nine tenths of 64 joint draws"));
        Outcome.Notes.ShouldContain(n => n.StartsWith("input and output: by the step time that each caused"));
        var step = Outcome.Engine.StepTime;
        var fitted = new StepTimeModel(
            step.Deployment, step.Curves, step.Engine, fitted: new FittedError(step.Error, ["by hand"]));
        var engine = SimulatedEngine.Of(fitted, SchedulingPolicy.VllmV1, 100);
        AccountNotes.Of(
            Outcome.Request, new SizedEngine(engine, new LoadLineResult([1], null, 0), 4), Outcome.Size)
            .ShouldContain("by hand");
    }

    [Fact]
    public void Public_prices_are_of_the_model_alone()
    {
        var statement = Result.Statement with { Model = "Llama-3.3-70B" };
        var prices = PublicPrices.Of(Outcome with { Result = Result with { Statement = statement } })!;
        prices.Offers.ShouldBe(
            Catalogue.BuiltIn.ApiPrices.Where(p => p.Model == "Llama-3.3-70B"), ignoreOrder: true);
    }
}
