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
                var (picture, image) = (pictures[i], images[i]);
                WholeFile.WriteBytes(Path.Combine(folder, picture.Name + ".png"), file => file.Write(image));
                WholeFile.Write(
                    Path.Combine(folder, picture.Name + ".svg"),
                    file => SvgWriter.WriteFile(picture.Scene, picture.Sentence, file));
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException($"{folder}: cannot be written ({e.Message.TrimEnd('.')}); expected a writable folder");
        }
    }
}
