using System;
using System.Linq;
using CsCheck;
using Plimsoll.Core;
using Plimsoll.Inputs.Workloads;
using Plimsoll.Inputs.Workloads.Families;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Workloads;

public sealed class WorkloadFamilyLaws
{
    [Fact]
    public void Every_family_draws_in_order_at_its_rate_with_its_lengths()
    {
        foreach (var family in WorkloadFamily.BuiltIn.Where(f => !f.ClosedLoop))
        {
            const int Requests = 50_000;
            var arrivals = family.Open(20, Requests, seed: 3, ArrivalProcess.Poisson);
            double prompt = 0, output = 0;
            long last = 0;
            for (var i = 0; i < Requests; i++)
            {
                arrivals.Take(out var arrival);
                arrival.AtNs.ShouldBeGreaterThanOrEqualTo(last);
                last = arrival.AtNs;
                prompt += arrival.PromptTokens;
                output += arrival.OutputTokens;
            }
            arrivals.TryPeek(out _).ShouldBeFalse();
            (Requests / (last / 1e9)).ShouldBe(20, 0.5, family.Name);
            (prompt / Requests)
                .ShouldBe(family.MeanPromptTokens, 0.08 * family.MeanPromptTokens, family.Name);
            (output / Requests)
                .ShouldBe(family.MeanOutputTokens, 0.08 * family.MeanOutputTokens + 0.6, family.Name);
            family.Source.ShouldNotBeEmpty();
        }
    }

    [Fact]
    public void The_same_seed_draws_the_same() =>
        Gen.Select(Gen.Int[0, WorkloadFamily.BuiltIn.Count - 1], Gen.ULong, Gen.Double[0.5, 50])
        .Sample((index, seed, rate) =>
        {
            var family = WorkloadFamily.BuiltIn[index];
            var one = family.Open(rate, 200, seed);
            var two = family.Open(rate, 200, seed);
            while (one.TryPeek(out var atNs))
            {
                one.Take(out var a);
                two.Take(out var b);
                (b.AtNs, b.PromptTokens, b.OutputTokens).ShouldBe((a.AtNs, a.PromptTokens, a.OutputTokens));
                b.PrefixKeys.ToArray().ShouldBe(a.PrefixKeys.ToArray());
                one.Finished(a.Session, atNs + 1);
                two.Finished(a.Session, atNs + 1);
            }
        }, iter: 60);

    [Theory]
    [InlineData(0.4, 20)]
    [InlineData(0.7, 5)]
    public void Bursts_have_the_dispersion_that_the_formula_says(double sigma, double tauS)
    {
        var spec = WorkloadFamily.Find("chat").Spec with { Arrivals = new ArrivalSpec(sigma, tauS) };
        var source = new WorkloadFamily(spec).Open(30, 600_000, seed: 9);
        var arrivals = new Arrival[600_000];
        for (var i = 0; i < arrivals.Length; i++)
            source.Take(out arrivals[i]);
        foreach (var window in new[] { 1.0, 5, 20, 60 })
        {
            var expected = DispersionFit.Idc(30, sigma, tauS, window);
            DispersionFit.Measure(arrivals, window).ShouldBe(expected, 0.15 * expected);
        }
    }

    [Fact]
    public void Pooled_tenants_are_calmer()
    {
        Dispersion("code-completion:tenants=16").ShouldBeLessThan(0.5 * Dispersion("code-completion"));

        static double Dispersion(string name)
        {
            var source = WorkloadFamily.Find(name).Open(30, 200_000, seed: 4);
            var arrivals = new Arrival[200_000];
            for (var i = 0; i < arrivals.Length; i++)
                source.Take(out arrivals[i]);
            return DispersionFit.Measure(arrivals, 10);
        }
    }

    [Fact]
    public void A_session_waits_for_its_answer_and_carries_its_context()
    {
        var source = WorkloadFamily.Find("agentic-coding").Open(0.001, 1000, seed: 2);
        source.Take(out var first);
        source.Finished(first.Session, first.AtNs + 5_000_000_000);
        source.TryPeek(out var atNs).ShouldBeTrue();
        atNs.ShouldBeGreaterThanOrEqualTo(first.AtNs + 6_000_000_000);
        source.Take(out var second);
        second.Session.ShouldBe(first.Session);
        if (second.PromptTokens > first.PromptTokens)
            second.PrefixKeys.Span[..first.PrefixKeys.Length].ToArray().ShouldBe(first.PrefixKeys.ToArray());
    }

    [Fact]
    public void A_week_has_the_demand_of_each_hour()
    {
        const int Requests = 400_000;
        var family = WorkloadFamily.Find("code-completion:arrivals=poisson");
        var source = family.Open(Requests / 604_800.0, Requests, seed: 5, ArrivalProcess.Week);
        var hours = new int[168];
        long last = 0;
        while (source.TryPeek(out var atNs))
        {
            atNs.ShouldBeGreaterThanOrEqualTo(last);
            last = atNs;
            source.Take(out _);
            hours[(int)(atNs / 3_600_000_000_000) % 168]++;
        }
        (last / 604_800e9).ShouldBe(1, 0.02);
        // The drawn number of requests ends a little before the week does, or after it.
        for (var hour = 6; hour < 162; hour++)
        {
            var expected = family.WeeklyEnvelope[hour] * Requests / 168;
            ((double)hours[hour])
                .ShouldBe(expected, 5 * Math.Sqrt(expected) + 0.02 * expected, $"hour {hour}");
        }
    }

    [Fact]
    public void Bursts_can_be_given_where_none_were_fitted()
    {
        WorkloadFamily.Find(
            "rag:arrivals=lgcp,sigma=0.4,tau=60").Spec.Arrivals.ShouldBe(new ArrivalSpec(0.4, 60));
        WorkloadFamily.Find(
            "chat:arrivals=lgcp").Spec.Arrivals.ShouldBe(WorkloadFamily.Find("chat").Spec.Arrivals);
        WorkloadFamily.Find("chat:arrivals=poisson").Spec.Arrivals.Sigma.ShouldBe(0);
        Should.Throw<BadInputException>(
            () => WorkloadFamily.Find("rag:arrivals=lgcp")).Message.ShouldContain("sigma");
    }

    [Theory]
    [InlineData("chat:envelope=night")]
    [InlineData("chat:sigma=-1")]
    [InlineData("chat:tau=0")]
    [InlineData("chat:tenants=1.5")]
    [InlineData("chat:tenants=0")]
    [InlineData("chat:colour=blue")]
    [InlineData("chit")]
    public void A_change_that_is_none_is_refused(string text) =>
        Should.Throw<BadInputException>(() => WorkloadFamily.Find(text)).Message.ShouldNotContain("\n");

    [Fact]
    public void An_envelope_has_mean_one()
    {
        foreach (var name in new[] { "chat", "code-completion", "chat:envelope=office,tenants=4" })
        {
            var envelope = WorkloadFamily.Find(name).WeeklyEnvelope;
            envelope.Count.ShouldBe(168);
            envelope.Average().ShouldBe(1, 1e-9);
        }
        WorkloadFamily.Find("code-completion:tenants=8").WeeklyEnvelope.Max()
            .ShouldBeLessThan(WorkloadFamily.Find("code-completion").WeeklyEnvelope.Max());
    }
}
