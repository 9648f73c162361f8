using System.Linq;
using Plimsoll.Reports.Drawing;
using Plimsoll.Reports.Pictures;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.Pictures;

public sealed class CurvesPictureTests
{
    /// <summary>A mark is named at the foot, or higher where a curve runs there.</summary>
    [Theory]
    [InlineData(100, true)]
    [InlineData(2, false)]
    public void No_curve_passes_through_the_name_of_a_mark(double height, bool isAtFoot)
    {
        var scene = new CurvesPicture
        {
            Title = "Throughput against interactivity",
            Subtitle = "",
            Across = "tokens/s per user",
            Curves = [new("one", [(0, height), (10, height)]), new("other", [(0, 100), (10, 100)])],
            Marks = [(4, "promised")],
        }.Draw();
        var name = scene.Shapes.OfType<TextShape>().Single(t => t.Text == "promised");
        var limit = scene.Shapes.OfType<LineShape>().Single(l => l.Paint.Stroke == Ink.Limit);
        var foot = System.Math.Max(limit.Y1, limit.Y2);
        (foot - name.Y < 20).ShouldBe(isAtFoot);
        foreach (var spot in scene.Shapes.OfType<PathShape>().SelectMany(p => p.Spots))
            System.Math.Abs(spot.Y - name.Y).ShouldBeGreaterThan(10);
    }

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
