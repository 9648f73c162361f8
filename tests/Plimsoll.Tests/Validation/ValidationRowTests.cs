using System.Collections.Generic;
using System.Linq;
using Plimsoll.Planning.Validation;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Validation;

public sealed class ValidationRowTests
{
    static ValidationPoint Point(double measured, double predicted, FigureInterval? interval = null) =>
        new("split", "TPOT mean", "configuration", "run", measured, predicted) { Interval = interval };

    static readonly IReadOnlyList<ValidationPoint> Points =
        [Point(100, 101), Point(100, 98), Point(100, 103), Point(100, 140), Point(100, 96)];

    [Fact]
    public void A_row_has_the_median_p90_and_worst_of_absolute_errors_and_the_median_signed_one()
    {
        var row = ValidationRow.Of(Points, null, null);
        row.Points.ShouldBe(5);
        row.MedianPercent.ShouldBe(3, 1e-9);
        row.P90Percent.ShouldBe(4 + 0.6 * 36, 1e-9);
        row.WorstPercent.ShouldBe(40, 1e-9);
        row.BiasPercent.ShouldBe(1, 1e-9);
        row.CoveragePercent.ShouldBeNull();
        row.Kept.ShouldBeNull();
    }

    [Theory]
    [InlineData(ErrorStatistic.Median, 3.1, true)]
    [InlineData(ErrorStatistic.Median, 2.9, false)]
    [InlineData(ErrorStatistic.P90, 25.0, false)]
    [InlineData(ErrorStatistic.Worst, 40.1, true)]
    [InlineData(ErrorStatistic.Worst, 39.9, false)]
    public void A_promise_limits_its_own_statistic(ErrorStatistic statistic, double percent, bool kept) =>
        ValidationRow.Of(
            Points, new Promise("split", "TPOT mean", statistic, percent), null).Kept.ShouldBe(kept);

    [Fact]
    public void Coverage_counts_only_points_with_a_stated_interval() =>
        ValidationRow.Of([Point(10, 11, new FigureInterval(9, 12)), Point(10, 20, new FigureInterval(15, 25)),
            Point(10, 10)], null, null)
            .CoveragePercent.ShouldBe(50);

    [Fact]
    public void Rows_are_by_split_and_figure_in_order_of_appearance()
    {
        var points = new[] { Point(1, 1), Point(1, 1) with { Figure = "TTFT mean" }, Point(1, 1) };
        SetReport.Summarise(points, []).Select(r => (r.Figure, r.Points))
            .ShouldBe([("TPOT mean", 2), ("TTFT mean", 1)]);
    }
}
