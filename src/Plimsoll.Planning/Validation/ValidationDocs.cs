using System;
using System.Collections.Generic;
using System.IO;
using Plimsoll.Core;
using Plimsoll.Reports.Drawing;

namespace Plimsoll.Planning.Validation;

/// <summary>The checked-in copy of a validation: a page, its pictures, and its rows as JSON.</summary>
public static class ValidationDocs
{
    /// <summary>
    /// Writes <c>validation.md</c>, <c>validation.json</c> and <c>images/validation-*.svg</c>. A report that
    /// lacks a set throws <see cref="BadInputException"/>: half a page is no page.
    /// </summary>
    public static void Write(ValidationReport report, string folder)
    {
        if (report.Absent.Count > 0)
        {
            throw new BadInputException(
                $"{Setting.ValidationPage}", "needs every set",
                $"{report.Absent[0].Source} in the folder of {Setting.ValidationData}");
        }
        // Everything is made before anything is written.
        var files = new List<(string Path, string Text)>();
        foreach (var set in report.Sets)
        {
            foreach (var picture in ValidationPictures.Of(set))
            {
                var svg = new StringWriter();
                SvgWriter.WriteFile(picture.Scene, picture.Sentence, svg);
                files.Add((Path.Combine("images", picture.Name + ".svg"), svg.ToString()));
            }
        }
        files.Add(("validation.json", ValidationJson.Of(report, withPoints: false)));
        files.Add(("validation.md", ValidationMarkdown.Of(report)));
        try
        {
            Directory.CreateDirectory(Path.Combine(folder, "images"));
            foreach (var (path, text) in files)
                File.WriteAllText(Path.Combine(folder, path), text);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BadInputException(
                $"{folder}: cannot be written ({e.Message.TrimEnd('.')}); expected a writable folder");
        }
    }
}
