using System;
using System.IO;
using System.Linq;
using Plimsoll.Cli;
using Shouldly;
using Xunit;

namespace Plimsoll.Tests.House;

public sealed class GuideTests
{
    /// <summary>
    /// The command of docs/guide/calibrate.md, run on the points beside it, prints what stands under it. With
    /// PLIMSOLL_WRITE_DOCS set the output is written instead of compared: <c>make docs</c>.
    /// </summary>
    [Fact]
    public void The_calibration_shown_is_real()
    {
        var file = Repository.File("docs", "guide", "calibrate.md");
        var guide = File.ReadAllText(file);
        var points = Block(guide, "```csv\n");
        var shown = Block(guide, "```\n$ plimsoll ");
        var command = shown.Split('\n')[0];
        using var output = new StringWriter();
        using var story = new StringWriter();
        var folder = Directory.CreateTempSubdirectory("plimsoll-");
        try
        {
            File.WriteAllText(Path.Combine(folder.FullName, "points.csv"), points);
            var arguments = command.Split(' ').Select(
                word => word.Contains('.') && word[0] == 'p' ? Path.Combine(folder.FullName, word) : word);
            CommandLine.Run([.. arguments], output, story).ShouldBe(0, story.ToString());
            File.Exists(Path.Combine(folder.FullName, "profile.json")).ShouldBeTrue();
        }
        finally
        {
            folder.Delete(recursive: true);
        }
        var fresh = $"{command}\n{output.ToString().TrimEnd('\n')}\n";
        if (Environment.GetEnvironmentVariable("PLIMSOLL_WRITE_DOCS") is { Length: > 0 })
            File.WriteAllText(file, guide.Replace(shown, fresh));
        Block(File.ReadAllText(file), "```\n$ plimsoll ")
            .ShouldBe(fresh, "docs/guide/calibrate.md is stale: run `make docs`");
    }

    /// <summary>What follows a line up to the end of its code block.</summary>
    static string Block(string text, string opening)
    {
        var start = text.IndexOf(opening, StringComparison.Ordinal) + opening.Length;
        return text[start..(text.IndexOf("```", start, StringComparison.Ordinal))];
    }
}
