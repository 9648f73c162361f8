using System.Collections.Generic;
using System.IO;
using Plimsoll.Reports.Drawing;

namespace Plimsoll.Reports;

/// <summary>Each picture of a report as a PNG and an SVG file.</summary>
public static class Plots
{
    const int PixelWidth = 1600;

    /// <summary>NAME.png and NAME.svg of every picture, drawn.</summary>
    public static IReadOnlyList<(string Name, byte[] Content)> Draw(ReportModel model) =>
        Draw(ReportPictures.Of(model));

    public static IReadOnlyList<(string Name, byte[] Content)> Draw(IReadOnlyList<ReportPicture> pictures)
    {
        var files = new List<(string, byte[])>();
        foreach (var picture in pictures)
        {
            files.Add((picture.Name + ".png", PngWriter.Encode(picture.Scene, PixelWidth)));
            using var svg = new MemoryStream();
            using (var writer = new StreamWriter(svg))
                SvgWriter.WriteFile(picture.Scene, picture.Sentence, writer);
            files.Add((picture.Name + ".svg", svg.ToArray()));
        }
        return files;
    }
}
