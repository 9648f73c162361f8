using System.Linq;
using CsCheck;
using Plimsoll.Reports.Pictures;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Pictures;

public sealed class AxisLaws
{
    /// <summary>However narrow the range, a scale has two ticks on it that read differently.</summary>
    [Fact]
    public void A_logarithmic_axis_has_a_scale() =>
        Gen.Select(Gen.Double[-3, 4], Gen.Double[1.05, 100]).Sample((decade, factor) =>
        {
            var low = System.Math.Pow(10, decade);
            var axis = Axis.Log(low, low * factor, 0, 100);
            axis.Ticks.Count.ShouldBeGreaterThanOrEqualTo(2);
            axis.Ticks.All(axis.Holds).ShouldBeTrue();
            axis.Ticks.Zip(axis.Ticks.Skip(1), (a, b) => b > a).All(grows => grows).ShouldBeTrue();
            if (low is >= 0.01)
                axis.Ticks.Select(Axis.Label).Distinct().Count().ShouldBeGreaterThanOrEqualTo(2);
        });
}
