using System;
using System.Collections.Generic;
using System.Linq;
using Plimsoll.Planning.Validation;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Validation;

public sealed class KvCapacityChecksTests(ITestOutputHelper output)
{
    static readonly IReadOnlyList<KvCapacityCheck> All = KvCapacityChecks.All();

    [Fact]
    public void Held_out_engines_are_predicted_within_five_percent()
    {
        var errors = All.Where(c => c.HeldOut).Select(c => Math.Abs(c.ErrorPercent)).Order().ToArray();
        output.WriteLine(Listing());
        errors.Length.ShouldBeGreaterThanOrEqualTo(15);
        Median(errors).ShouldBeLessThanOrEqualTo(1.5);
        errors.Count(e => e <= 5).ShouldBeGreaterThanOrEqualTo(errors.Length - 1);
    }

    [Fact]
    public void No_configuration_is_both_fitted_and_held_out()
    {
        foreach (var configuration in All.GroupBy(c => (
            c.Deployment.Engine.Engine, c.Deployment.Model.Name, c.Deployment.Accelerator.Key,
            c.Deployment.TensorParallel, c.Deployment.PipelineParallel, c.Deployment.Weights)))
        {
            configuration.Select(c => c.HeldOut).Distinct().Count().ShouldBe(1, configuration.Key.ToString());
        }
    }

    [Fact]
    public void Every_row_has_its_source_and_date() =>
        All.ShouldAllBe(c => c.Source.Length > 20 && c.AsOf.StartsWith("202", StringComparison.Ordinal));

    static double Median(double[] sorted) => sorted[sorted.Length / 2];

    static string Listing() => string.Join('\n', All.Select(c => FormattableString.Invariant(
        $"{(c.HeldOut ? "held-out" : "fitted"),-8} {Math.Round(c.ErrorPercent, 1),6:+0.0;-0.0;0.0} % ")
        + FormattableString.Invariant($"{c.PublishedTokens,9} {c.PredictedTokens,9} {c.Name}")));
}
