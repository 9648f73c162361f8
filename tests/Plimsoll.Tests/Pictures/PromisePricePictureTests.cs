using System.Linq;
using Plimsoll.Core.Accounts;
using Plimsoll.Reports.Drawing;
using Plimsoll.Reports.Pictures;
using Plimsoll.Tests.Accounts;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Pictures;

public sealed class PromisePricePictureTests
{
    /// <summary>
    /// A hundred tokens are as long as from 50 to 150, and as from the middle of one interval to the next.
    /// </summary>
    [Fact]
    public void Every_limit_that_is_kept_has_a_bar_as_long_as_its_interval()
    {
        var scene = PromisePricePicture.Draw(
            LeverByHandTests.Saved(1) with
            {
                PriceOfPromise =
                [
                    new PromisePricePoint(25, 100, 50, 150, IsKept: true),
                    new PromisePricePoint(50, 200, 190, 210, IsKept: true),
                    new PromisePricePoint(12, 0, 0, 0, IsKept: false),
                ],
            },
            PictureSize.Half);
        var bars = scene.Shapes.OfType<LineShape>()
            .Where(line => line.Paint.Stroke == Ink.Text && line.X1 == line.X2).OrderBy(line => line.X1)
            .Select(line => (X: line.X1, Low: line.Y1, High: line.Y2)).ToList();
        bars.Count.ShouldBe(2);
        var hundred = bars[0].Low - bars[0].High;
        hundred.ShouldBeGreaterThan(20);
        (bars[1].Low - bars[1].High).ShouldBe(hundred / 5, 0.01);
        ((bars[0].Low + bars[0].High - bars[1].Low - bars[1].High) / 2).ShouldBe(hundred, 0.01);
        bars[1].X.ShouldBeGreaterThan(bars[0].X + 20);
        scene.Shapes.Count(shape => shape.Hint == "25 ms: 100 batch tokens/s, 90 %: 50 to 150").ShouldBe(1);
    }
}
