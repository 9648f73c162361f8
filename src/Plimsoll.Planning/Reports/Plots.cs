using System;
using System.IO;
using Plimsoll.Planning.Reports.Drawing;

namespace Plimsoll.Planning.Reports;

/// <summary>Each picture of a report as a PNG and an SVG file.</summary>
public static class Plots
{
    const int PixelWidth = 1600;

    /// <summary>
    /// Writes NAME.png and NAME.svg for every picture. Everything is drawn before anything is written; a
    /// folder that cannot be written throws <see cref="BadInputException"/>.
    /// </summary>
    public static void Write(ReportModel model, string folder)
    {
        var pictures = ReportPictures.Of(model);
        using var lettering = Lettering.OfMachine();
        var images = new byte[pictures.Count][];
        for (var i = 0; i < images.Length; i++)
            images[i] = PngWriter.Encode(pictures[i].Scene, PixelWidth, lettering);
        try
        {
            Directory.CreateDirectory(folder);
            for (var i = 0; i < images.Length; i++)
            {
                File.WriteAllBytes(Path.Combine(folder, pictures[i].Name + ".png"), images[i]);
                using var svg = new StreamWriter(Path.Combine(folder, pictures[i].Name + ".svg"));
                SvgWriter.WriteFile(pictures[i].Scene, pictures[i].Sentence, svg);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"{folder}: cannot be written ({e.Message.TrimEnd('.')}); expected a writable folder");
        }
    }
}
