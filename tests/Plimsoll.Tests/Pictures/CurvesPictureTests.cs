using System.Linq;
using Plimsoll.Reports.Drawing;
using Plimsoll.Reports.Pictures;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Pictures;

public sealed class CurvesPictureTests
{
    /// <summary>Whatever the names and wherever the marks: a name is read where nothing is drawn.</summary>
    [Theory]
    [InlineData(0.1)]
    [InlineData(5)]
    [InlineData(10)]
    public void No_mark_and_no_curve_passes_through_the_names_of_curves(double mark)
    {
        string[] names = ["stay on a model of a rather long name", "move to another one"];
        var scene = new CurvesPicture
        {
            Title = "When the migration has paid",
            Subtitle = "USD paid in all",
            Across = "requests",
            Curves = [new(names[0], [(0, 0), (10, 100)]), new(names[1], [(0, 99), (10, 100)])],
            Marks = [(mark, "break-even")],
        }.Draw();
        var texts = scene.Shapes.OfType<TextShape>().Where(t => names.Contains(t.Text)).ToList();
        texts.Count.ShouldBe(2);
        var limit = scene.Shapes.OfType<LineShape>().Single(l => l.Paint.Stroke == Ink.Limit);
        var curves = scene.Shapes.OfType<PathShape>().SelectMany(p => p.Spots).ToList();
        foreach (var text in texts)
        {
            text.Y.ShouldBeLessThan(limit.Y1);
            text.Y.ShouldBeLessThan(curves.Min(s => s.Y));
        }
        (texts[1].Y - texts[0].Y).ShouldBeGreaterThan(12);
        // Below the subtitle.
        texts[0].Y.ShouldBeGreaterThan(
            scene.Shapes.OfType<TextShape>().Single(t => t.Text == "USD paid in all").Y + 12);
    }
}
